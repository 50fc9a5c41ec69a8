// Package language tells which of the two languages a caller reads.
package language

import (
	"net/http"
	"strconv"
	"strings"
)

// English tells whether the caller would rather read English than Chinese, by
// Accept-Language. Whoever says nothing about either reads Chinese.
func English(r *http.Request) bool {
	best, english := 0.0, false
	for part := range strings.SplitSeq(strings.Join(r.Header.Values("Accept-Language"), ","), ",") {
		tag, parameters, _ := strings.Cut(part, ";")
		tag, _, _ = strings.Cut(strings.ToLower(strings.TrimSpace(tag)), "-")
		if tag != "en" && tag != "zh" {
			continue
		}
		if w := weight(parameters); w > best {
			best, english = w, tag == "en"
		}
	}
	return english
}

// weight is the q of a language, 1 if none is given.
func weight(parameters string) float64 {
	q, ok := strings.CutPrefix(strings.TrimSpace(parameters), "q=")
	if !ok {
		return 1
	}
	w, err := strconv.ParseFloat(q, 64)
	if err != nil {
		return 0
	}
	return w
}
