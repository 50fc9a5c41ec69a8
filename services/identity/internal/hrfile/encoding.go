package hrfile

import (
	"bytes"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/encoding/simplifiedchinese"
)

// The encodings that a map may name.
const (
	utf8Encoding = "utf-8"
	gbkEncoding  = "gbk"
)

var byteOrderMark = []byte("\xef\xbb\xbf")

// decoder turns the bytes of a field into text. In both encodings the bytes of
// comma, quote and line end stand for nothing else, so a file is cut into
// fields first and each field is decoded by itself: one spoilt row does not
// spoil the file.
type decoder func(field string) (text string, ok bool)

func decoderOf(encoding string) decoder {
	if encoding == gbkEncoding {
		return func(field string) (string, bool) {
			text, err := simplifiedchinese.GBK.NewDecoder().String(field)
			return clean(text, err == nil && !strings.ContainsRune(text, utf8.RuneError))
		}
	}
	return func(field string) (string, bool) { return clean(field, utf8.ValidString(field)) }
}

// clean trims a field and refuses what no field of HR contains.
func clean(text string, ok bool) (string, bool) {
	if !ok || strings.ContainsFunc(text, func(r rune) bool { return unicode.IsControl(r) && r != '\t' && r != '\n' && r != '\r' }) {
		return "", false
	}
	return strings.TrimSpace(strings.Join(strings.FieldsFunc(text, unicode.IsControl), " ")), true
}

func withoutMark(file []byte) []byte { return bytes.TrimPrefix(file, byteOrderMark) }
