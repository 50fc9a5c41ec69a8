// Package company plays random histories of whole companies on the product as
// the product composes itself, and compares every step with an oracle of its
// own.
//
// An installation (every service in one process, the real bus, PostgreSQL and a
// real target) holds many companies side by side. They share pack, clock and
// services, and nothing else: no person, unit, application or rule of one
// concerns another. So their commands overlap, while each company goes on only
// when its last command has come to its end.
//
//		a company      HR system ─► hired, moved, left, absent …    ─┐
//		               people ───► ask, sign, refuse, stand in …     ├─► the product
//		               clock ────► jumps, from one deadline to the next ─┘     │ events of
//		                                                                        ▼ all services
//		               oracle: what must be  ◄── compared ──►  witness: what the events say is
//
//	  - The oracle knows people with posts and leaders, a matrix, duty rules,
//	    routes, deputies, absences, requests with dates and grants with ends. It is
//	    written from the requirements in plain maps and loops and imports no rule
//	    of the product.
//	  - The witness reads the histories, event by event, and holds them against
//	    the laws that hold at any instant: no grant without its approvals, no
//	    signature in the own matter by any path, no forbidden pair, no grant beyond
//	    its end or its person. A query could miss what lasts for a moment; a
//	    history cannot.
//	  - After every command, and at every stop of the clock, the picture that the
//	    witness has must become the one that the oracle has, target included, and
//	    every case that waits must have living signers who may sign it.
//
// A failure prints the seed, the company and its last commands. COMPANY_SEED
// plays that seed alone.
package company
