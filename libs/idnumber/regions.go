package idnumber

import (
	"embed"
	"strings"
	"sync"
)

//go:embed regions.csv LICENSE.regions
var data embed.FS

// permits are the first two digits on residence permits for people from Hong
// Kong, Macao and Taiwan; 71 is Taiwan in GB/T 2260.
var permits = map[string]string{"71": "台湾省", "81": "香港特别行政区", "82": "澳门特别行政区", "83": "台湾省"}

// regions are the names of GB/T 2260, also of those that exist no more, by code.
var regions = sync.OnceValue(func() map[string]string {
	b, err := data.ReadFile("regions.csv")
	if err != nil {
		panic(err) // it is part of the program
	}
	names := map[string]string{}
	for line := range strings.Lines(string(b)) {
		if code, name, ok := strings.Cut(strings.TrimSpace(line), ","); ok {
			names[code] = name
		}
	}
	for prefix, name := range permits {
		names[prefix+"0000"] = name
	}
	return names
})

func province(prefix string) bool {
	_, ok := regions()[prefix+"0000"]
	return ok
}

// Region is the place that the number names, as exactly as it is known:
// district, city or province.
func (n Number) Region() string {
	for _, code := range []string{n.text[:6], n.text[:4] + "00", n.text[:2] + "0000"} {
		if name, ok := regions()[code]; ok {
			return name
		}
	}
	return "" // Parse lets no such number through
}
