// Package calendar counts working days and working hours in China, where a
// notice of the State Council makes weekdays free and weekend days working.
//
// Such a notice comes late in the year before, and sometimes a second one
// changes a year that has begun. A deadline that was right when it was set
// stays right: a Calendar is what was known on a day, and its Version names the
// newest notice in it. Count again with a later Calendar and both answers can be
// shown beside each other (XCT-010).
//
// In a year for which no notice is known yet, the ordinary week is counted and
// the answer is marked provisional.
package calendar
