package command

import (
	"strings"
)

// languageOf is what --lang asks for, looked for before the flags are parsed:
// the texts of help are made with the commands. given is false without it.
func languageOf(args []string) (lang string, given bool) {
	for i, arg := range args {
		switch {
		case arg == "--":
			return lang, given
		case arg == "--lang" && i+1 < len(args):
			lang, given = args[i+1], true
		case strings.HasPrefix(arg, "--lang="):
			lang, given = strings.TrimPrefix(arg, "--lang="), true
		}
	}
	return lang, given
}

// speaks tells whether a name is one of our languages, and which.
func speaks(lang string) (chinese, ok bool) {
	switch base, _, _ := strings.Cut(strings.ReplaceAll(strings.ToLower(lang), "_", "-"), "-"); base {
	case "zh":
		return true, true
	case "en":
		return false, true
	}
	return false, false
}

// chinese is true unless English was asked for: most readers are Chinese. Of
// the environment only what names one of our languages counts.
func chinese(lang string, env func(string) string) bool {
	for _, l := range []string{lang, env("OSTIARY_LANG"), env("LC_ALL"), env("LC_MESSAGES"), env("LANG")} {
		l, _, _ = strings.Cut(l, ".") // en_US.UTF-8
		if zh, ok := speaks(l); ok {
			return zh
		}
	}
	return true
}

// wantsJSON looks for --json before the flags are parsed, so that even a
// misspelt command line is refused in the form that was asked for.
func wantsJSON(args []string) bool {
	for _, arg := range args {
		switch arg {
		case "--json", "--json=true":
			return true
		case "--":
			return false
		}
	}
	return false
}
