package pack

import (
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"time"
)

// Pack is a policy pack that was found consistent in itself.
type Pack struct {
	// Version is the last version plus one; the policy service checks that.
	Version int64
	// Effective is from when the pack holds.
	Effective time.Time
	// Sources are the HR feeds that are listened to.
	Sources []Source
	// Units are units whose head the pack states.
	Units []Unit
	// Applications is the catalogue.
	Applications []Application
	// Matrix says which rights come with a position or attribute.
	Matrix []Line
	// DutyRules are rights that nobody may hold together.
	DutyRules []DutyRule
	// Routes say who signs; the first whose condition holds applies.
	Routes []Route
	// Functions are offices that sign, and who holds them.
	Functions []Function
	// Escalation says what happens to a late signature; nil if nothing does.
	Escalation *Escalation
	// Clearance is what must be settled before somebody leaves or moves.
	Clearance Clearance
	// PasswordProfile is cn-classic, mlps-3 or nist-800-63b.
	PasswordProfile string
	// Targets are the real systems.
	Targets []Target

	matrix *matrix
	// routing are the conditions of Routes, in their order.
	routing []program
}

// Source is an HR feed.
type Source struct {
	Name string
	// Silence is after how long without a word an alarm is raised; zero: never.
	Silence Duration
}

// Unit states the head of a unit.
type Unit struct {
	Path []string // names from the root
	Head string   // employee number
}

// Text is a title in two languages.
type Text struct{ ZH, EN string }

// Application is a system that people get rights in.
type Application struct {
	ID    string
	Title Text
	// Owner is an employee number, "" if nobody is named.
	Owner string
	// Target carries its rights out.
	Target string
	Roles  []Role
}

// Role is a right in an application.
type Role struct {
	ID    string
	Title Text
	// Level is the organisation's class of the right, for example "A".
	Level string
	// Max is the longest time that it is granted for; zero: no limit.
	Max Duration
	// Privileged marks the right of an administrator.
	Privileged bool
}

// Grant names a role of an application; it reads "application/role".
type Grant struct{ Application, Role string }

// String is "application/role".
func (g Grant) String() string { return g.Application + "/" + g.Role }

// Line gives rights to everybody whose post it describes.
type Line struct {
	// Position is the position key; "" for any.
	Position string
	// Where is a CEL condition over attributes, position, unit and kind; ""
	// for always.
	Where  string
	Grants []Grant
}

// DutyRule names rights that exclude each other.
type DutyRule struct {
	ID     string
	Forbid []Grant
	// Scope is within what they exclude each other: "person".
	Scope string
}

// Route says who signs a request, in order.
type Route struct {
	ID string
	// When is a CEL condition over role.application, role.id, role.level,
	// role.privileged and the requester's attributes, position, unit and kind.
	When  string
	Steps []Step
}

// Step is one round of signatures.
type Step struct {
	// Signers are asked together; see Parse for their forms.
	Signers []string
	// Quorum is how many of them must agree.
	Quorum int
	// Due is how long they have; zero: no limit.
	Due Duration
}

// Function is an office and who holds it.
type Function struct {
	Name    string
	Holders []string // employee numbers
}

// Escalation says when a late signer is reminded and who is told.
type Escalation struct {
	Remind Duration
	To     string // a signer
}

// Clearance lists the items of a departure and of a transfer: "default",
// "admin_confirmation", "sign_off:unit", "sign_off:<unit path>" or
// "sign_off:function:<name>".
type Clearance struct{ Departure, Transfer []string }

// Target is a real system that rights are made true in.
type Target struct {
	ID string
	// Kind is "postgres" or "manual".
	Kind string
	// DSNEnv names the environment variable with the address of a postgres
	// target.
	DSNEnv string
	// Prefix starts the name of every role that Ostiary makes there.
	Prefix string
}

// Role finds a role by its grant.
func (p *Pack) Role(g Grant) (Application, Role, bool) {
	for _, a := range p.Applications {
		if a.ID != g.Application {
			continue
		}
		for _, r := range a.Roles {
			if r.ID == g.Role {
				return a, r, true
			}
		}
	}
	return Application{}, Role{}, false
}

// Digest identifies a pack: the SHA-256 of its body in hexadecimal digits.
func Digest(body []byte) string {
	sum := sha256.Sum256(body)
	return hex.EncodeToString(sum[:])
}

// HasSource tells whether the pack names an HR source.
func (p *Pack) HasSource(name string) bool {
	return slices.ContainsFunc(p.Sources, func(s Source) bool { return s.Name == name })
}
