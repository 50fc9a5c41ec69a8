package servicekit

import (
	"fmt"
	"strings"
)

// Addresses are where the services listen, by name. As a setting they read
// "identity=host:port,audit=host:port".
type Addresses map[string]string

// Decode reads the setting. The settings library would part name and address at
// the first colon, which is the one before the port.
func (a *Addresses) Decode(text string) error {
	all := Addresses{}
	for entry := range strings.SplitSeq(text, ",") {
		entry = strings.TrimSpace(entry)
		if entry == "" {
			continue
		}
		name, address, ok := strings.Cut(entry, "=")
		if !ok || name == "" || address == "" {
			return fmt.Errorf("%q is not <service>=<host:port>", entry)
		}
		if all[name] != "" {
			return fmt.Errorf("%s is given twice", name)
		}
		all[name] = address
	}
	*a = all
	return nil
}
