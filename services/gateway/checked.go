package gateway

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/ostiary/ostiary/libs/fault"
)

const (
	// maxBody is how much a request may hold. The largest is a policy pack.
	maxBody = 1 << 20
	// callWithin ends a call, not counting what it asked to wait.
	callWithin = 30 * time.Second
	// longestWait is what a call may ask to wait; a service may allow less.
	longestWait = time.Minute
)

// inward are the headers that anything behind the door sees. Who the caller is
// follows from the credential alone, so nothing else is needed there.
var inward = []string{"Authorization", headerCommandID, headerNotBefore, "Content-Type", "Accept-Language"}

// checked lets a request pass only as the description has it: path, method,
// names in the query, and a body of one JSON object without other fields.
func checked(all []operation, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		o, allowed := find(all, r.Method, r.URL)
		if o == nil && len(allowed) > 0 {
			w.Header().Set("Allow", strings.Join(allowed, ", "))
			write(w, r, ErrMethod)
			return
		}
		if o == nil {
			write(w, r, ErrNoPath)
			return
		}
		if f := o.checkQuery(r.URL.RawQuery); f != nil {
			write(w, r, f)
			return
		}
		body, f := o.readBody(r)
		if f != nil {
			write(w, r, f)
			return
		}
		ctx, cancel := context.WithTimeout(r.Context(), callWithin+asked(r.URL.Query().Get("wait")))
		defer cancel()
		next.ServeHTTP(w, o.inner(ctx, r, body))
	})
}

// checkQuery refuses a parameter that the operation does not have.
func (o operation) checkQuery(raw string) *fault.Fault {
	values, err := url.ParseQuery(raw)
	if err != nil {
		return ErrRequest.With("problem", "the query cannot be read")
	}
	for _, name := range slices.Sorted(maps.Keys(values)) {
		if !o.query[name] {
			return ErrParameter.With("parameter", name)
		}
	}
	return nil
}

// readBody reads the body, which is empty or one JSON object.
func (o operation) readBody(r *http.Request) ([]byte, *fault.Fault) {
	if r.ContentLength == 0 {
		return nil, nil
	}
	if kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || kind != "application/json" {
		return nil, ErrMediaType
	}
	body, err := io.ReadAll(r.Body)
	var large *http.MaxBytesError
	switch {
	case errors.As(err, &large):
		return nil, ErrTooLarge
	case err != nil:
		return nil, ErrUnread
	case len(body) == 0:
		return nil, nil
	}
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(body, &fields); err != nil || fields == nil {
		return nil, ErrJSON
	}
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		if !o.fields[name] {
			return nil, ErrField.With("field", name)
		}
	}
	return body, nil
}

// inner is the request as everything behind the door sees it: without the
// caller's address and whatever else the connection tells.
func (o operation) inner(ctx context.Context, r *http.Request, body []byte) *http.Request {
	in := r.WithContext(ctx)
	in.Method, in.Host = o.method, ""
	in.Body, in.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
	in.Header = http.Header{}
	for _, name := range inward {
		if values := r.Header.Values(name); len(values) > 0 {
			in.Header[name] = values
		}
	}
	return in
}

// asked is how long a question wants to wait for its answer. A service ends a
// call at its deadline, so the deadline must lie behind the wait.
func asked(wait string) time.Duration {
	d, err := time.ParseDuration(wait)
	if err != nil {
		return 0 // whoever reads the parameter refuses it
	}
	return min(max(d, 0), longestWait)
}
