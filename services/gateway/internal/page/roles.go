package page

import (
	"encoding/base64"
	"encoding/json"
	"strings"
)

// roles are the product roles that an access token names, for show only. The
// token has just come from identity; what it allows is decided by the services,
// each of which verifies it.
func roles(token string) []string {
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return nil
	}
	payload, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		return nil
	}
	var claims struct{ Roles []string }
	if json.Unmarshal(payload, &claims) != nil {
		return nil
	}
	return claims.Roles
}
