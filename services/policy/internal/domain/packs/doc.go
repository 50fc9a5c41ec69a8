// Package packs is the life of one version of the policy pack: stream
// pack-<version>. Versions follow one another without holes.
//
//	          Publish           every service          its time
//	          ┌────────► published ──────► acknowledged ──────► active
//	(none) ───┤             ▲
//	          └────────► held (takes many grants)
//	                        │ Publish with the digest confirmed
//	                        └──────────────► published
//
// The rules:
//
//   - A version is published once, and only as the last plus one. A held pack is
//     no version yet: another body may take its number.
//   - A pack that takes more than a tenth of the birthrights that are held is
//     held until somebody confirms its digest.
//   - It is activated when every service that decides by packs has taken it in
//     and its time has come, unless a later version was faster.
//   - It holds from the instant that it states, if that is later than the
//     beginning of the pack before it. Otherwise the instant says nothing new and
//     the pack holds from its activation, so that a copied line does not rewrite
//     the past.
package packs
