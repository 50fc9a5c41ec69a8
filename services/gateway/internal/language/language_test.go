package language_test

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/ostiary/ostiary/services/gateway/internal/language"
)

func TestTheLanguageIsTheOneRatherRead(t *testing.T) {
	t.Parallel()
	for header, english := range map[string]bool{
		"": false, "zh-CN": false, "en": true, "EN-us,en;q=0.9": true, "fr, en;q=0.4": true, "fr": false,
		"zh;q=0.3, en;q=0.8": true, "zh,en": false, "en;q=0": false, "en;q=x, zh;q=0.1": false, ";;,": false,
	} {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		if header != "" {
			r.Header.Set("Accept-Language", header)
		}
		if language.English(r) != english {
			t.Errorf("%q: English is %v", header, !english)
		}
	}
}
