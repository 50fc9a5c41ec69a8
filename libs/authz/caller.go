// Package authz says who is calling and whether an RPC admits them. Each RPC
// states in its proto whom it admits; the default is nobody.
package authz

import (
	"context"
	"slices"
)

// Caller is who signed in, as the credential says.
type Caller struct {
	// Person is the internal id of the human being; "" for services and for
	// operators who are nobody's account.
	Person string
	// Account is the account name, for example "admin" or "E1042"; "" for
	// services.
	Account string
	// Session is the session that the credential belongs to; "" for services.
	Session string
	// Service is the name of a calling service; "" for people.
	Service string
	// Roles are the product roles of a person; services have none.
	Roles []string
}

// Actor is how events and logs name the caller: the account of a person,
// "service:<name>" of a service.
func (c Caller) Actor() string {
	if c.Service != "" {
		return "service:" + c.Service
	}
	return c.Account
}

// Is tells whether the caller is a person with this product role.
func (c Caller) Is(role string) bool {
	return c.Service == "" && slices.Contains(c.Roles, role)
}

type callerKey struct{}

// With returns a context that carries the caller.
func With(ctx context.Context, c Caller) context.Context {
	return context.WithValue(ctx, callerKey{}, c)
}

// From returns the caller, or false if nobody has signed in.
func From(ctx context.Context) (Caller, bool) {
	c, ok := ctx.Value(callerKey{}).(Caller)
	return c, ok
}
