package postgres

import (
	"strconv"

	"github.com/jackc/pgx/v5"

	"github.com/ostiary/ostiary/libs/fault"
	"github.com/ostiary/ostiary/services/provisioning/internal/target"
)

// maxName is the longest role name that PostgreSQL keeps whole; it cuts longer
// ones silently, so that two people could become one.
const maxName = 63

// ErrNameTooLong says that a role name would be cut.
var ErrNameTooLong = fault.New(fault.Refused, "TARGET_REFUSED",
	"The name on the target would exceed 63 bytes; shorten prefix, application or role.",
	"目标系统上的名称将超过 63 字节，请缩短前缀、应用或角色名称。")

// AccountName is what an employee number is called on the target.
func AccountName(prefix, employeeNumber string) (string, error) {
	return checked(prefix + employeeNumber)
}

// RightName is what a role of an application is called on the target.
func RightName(prefix, application, role string) (string, error) {
	return checked(prefix + application + "_" + role)
}

func checked(name string) (string, error) {
	if len(name) > maxName {
		return "", ErrNameTooLong.With("name", name).With("bytes", strconv.Itoa(len(name)))
	}
	for _, r := range name {
		if r == 0 {
			return "", target.ErrRefused.With("detail", "the name contains a zero byte")
		}
	}
	return name, nil
}

// quoted is the name as it stands in a statement.
func quoted(name string) string { return pgx.Identifier{name}.Sanitize() }
