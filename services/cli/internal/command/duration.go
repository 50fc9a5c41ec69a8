package command

import (
	"errors"
	"time"
)

// durationType names the flags that hold a time to wait.
const durationType = "duration"

var errNotPositive = errors.New("a time to wait is longer than nothing")

// positive is a flag that holds a time to wait.
type positive time.Duration

func (d *positive) String() string {
	if *d == 0 {
		return "" // help shows no default
	}
	return time.Duration(*d).String()
}

// Set reads a time such as 60s or 5m.
func (d *positive) Set(s string) error {
	given, err := time.ParseDuration(s)
	if err == nil && given <= 0 {
		err = errNotPositive
	}
	*d = positive(given)
	return err
}

// Type names the kind of flag.
func (*positive) Type() string { return durationType }
