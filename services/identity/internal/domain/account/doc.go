// Package account is an account of a person here, stream account-<account>. An
// employee's directory account is named by the employee number; whoever runs
// Ostiary has an operator account.
//
//	Open ──► active ──Suspend──► suspended ──Close──► closed
//	            ▲                    │                   │
//	            └────── Open ────────┴─────── Open ──────┘
//
// Open means "the person needs this account now": it opens a new one,
// reinstates a suspended one and opens a closed one anew. A closed account
// loses its roles and its password; whoever comes back starts without them.
//
// The account knows which password is in force by the id of a stored hash. The
// hash itself lies in a table of its own and never in an event. Sessions have
// streams of their own (package session).
package account
