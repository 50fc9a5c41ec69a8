// Package signers finds who may sign a step, at a moment, by the pack in force
// and by what identity knows.
//
//	supervisor      the beneficiary's supervisor; if that is no signer, the
//	                supervisor's supervisor, and so on
//	unit_head       the head of the beneficiary's unit; if that is no signer, the
//	                head of the unit above, and so on
//	role_owner      the owner of the application; if that is no signer, the
//	                owner's supervisor, and so on
//	function:NAME   everybody who holds the function
//	employee:NR     that person
//
// A signer works here, and is neither who asks nor for whom is asked (APR-011).
package signers
