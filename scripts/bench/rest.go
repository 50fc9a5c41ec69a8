package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
)

// rest asks over HTTP. A refusal is no error: its status tells.
func (i *installation) rest(ctx context.Context, method, path, token string, body any) (status int, answer map[string]any, err error) {
	var text io.Reader
	if body != nil {
		b, err := json.Marshal(body)
		if err != nil {
			return 0, nil, err
		}
		text = bytes.NewReader(b)
	}
	r, err := http.NewRequestWithContext(ctx, method, fmt.Sprintf("http://127.0.0.1:%d%s", i.web, path), text)
	if err != nil {
		return 0, nil, err
	}
	if body != nil {
		r.Header.Set("Content-Type", "application/json")
	}
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	a, err := http.DefaultClient.Do(r)
	if err != nil {
		return 0, nil, err
	}
	defer func() { _ = a.Body.Close() }() // it was read
	if err := json.NewDecoder(a.Body).Decode(&answer); err != nil {
		return a.StatusCode, nil, fmt.Errorf("read the answer of %s: %w", path, err)
	}
	return a.StatusCode, answer, nil
}

// signIn returns an access token.
func (i *installation) signIn(ctx context.Context, user, password, next string) (string, error) {
	status, answer, err := i.rest(ctx, http.MethodPost, "/api/v1/sessions", "", map[string]string{"user": user, "password": password, "new_password": next})
	if err != nil {
		return "", err
	}
	token, _ := answer["access_token"].(string)
	if token == "" {
		return "", fmt.Errorf("sign in as %s: %d %v", user, status, answer)
	}
	return token, nil
}
