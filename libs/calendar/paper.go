package calendar

import (
	"embed"
	"encoding/json"
	"fmt"
	"path"
	"slices"
	"strings"
	"sync"
)

//go:embed papers/*.json
var files embed.FS

// paper is one notice: what it changes in the ordinary week of a year.
type paper struct {
	year  int
	known Date
	days  []change
}

// change is a day that is not what its weekday says.
type change struct {
	Name string `json:"name"`
	Date string `json:"date"`
	Off  bool   `json:"isOffDay"`

	date Date
}

// papers are all notices, the earliest first.
var papers = sync.OnceValue(func() []paper {
	all, err := readPapers()
	if err != nil {
		panic(err) // the files are part of the program
	}
	return all
})

func readPapers() ([]paper, error) {
	entries, err := files.ReadDir("papers")
	if err != nil {
		return nil, err
	}
	var all []paper
	for _, e := range entries {
		p, err := readPaper(e.Name())
		if err != nil {
			return nil, fmt.Errorf("calendar %s: %w", e.Name(), err)
		}
		all = append(all, p)
	}
	slices.SortFunc(all, func(a, b paper) int { return a.known.Compare(b.known) })
	return all, nil
}

func readPaper(name string) (paper, error) {
	var p paper
	_, known, ok := strings.Cut(strings.TrimSuffix(name, ".json"), "@")
	if !ok {
		return p, fmt.Errorf("the name does not tell when the notice became known")
	}
	content, err := files.ReadFile(path.Join("papers", name))
	if err != nil {
		return p, err
	}
	var document struct {
		Year int      `json:"year"`
		Days []change `json:"days"`
	}
	if err := json.Unmarshal(content, &document); err != nil {
		return p, err
	}
	if p.known, err = ParseDate(known); err != nil {
		return p, err
	}
	p.year, p.days = document.Year, document.Days
	for i := range p.days {
		if p.days[i].date, err = ParseDate(p.days[i].Date); err != nil {
			return p, err
		}
	}
	return p, nil
}
