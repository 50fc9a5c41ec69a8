module github.com/ostiary/ostiary/services/standalone

go 1.26.0

require (
	github.com/ostiary/ostiary/libs v0.0.0
	github.com/ostiary/ostiary/proto v0.0.0
)

replace (
	github.com/ostiary/ostiary/libs => ../../libs
	github.com/ostiary/ostiary/proto => ../../proto
)
