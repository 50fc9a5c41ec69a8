package rpc

import (
	"cmp"
	"fmt"
	"strconv"

	policyv1 "github.com/ostiary/ostiary/proto/gen/ostiary/policy/v1"

	"github.com/ostiary/ostiary/libs/fault"
	"github.com/ostiary/ostiary/libs/pack"
)

// ErrInvalid says what is wrong in a pack, by line and column.
var ErrInvalid = fault.New(fault.Invalid, "PACK_INVALID",
	"The pack is not valid; mend what the details name by line:column. Nothing was recorded.",
	"策略包无效，请按详情中的 行:列 修改；未记录任何内容。")

// maxDetails bounds the text of a refusal: details travel in the metadata of a
// call. What does not fit is counted.
const maxDetails = 24 << 10

// invalid refuses with every problem under its "line:column", in Chinese under
// "line:column_zh"; one without a place stands under the service that found it.
// Several at one place share it, a line each.
func invalid(problems []*policyv1.PackProblem) error {
	details := map[string]string{}
	size, left := 0, 0
	for _, p := range problems {
		zh := cmp.Or(p.GetMessageZh(), p.GetMessage())
		key := fmt.Sprintf("%d:%d", p.GetLine(), p.GetColumn())
		if p.GetLine() == 0 {
			key = p.GetService()
		}
		if size += 2*len(key) + len(p.GetMessage()) + len(zh); size > maxDetails {
			left++
			continue
		}
		details[key] = joined(details[key], p.GetMessage())
		details[key+"_zh"] = joined(details[key+"_zh"], zh)
	}
	if left > 0 {
		details["more"] = strconv.Itoa(left)
	}
	f := *ErrInvalid
	f.Details = details
	return &f
}

func joined(before, text string) string {
	if before == "" {
		return text
	}
	return before + "\n" + text
}

func fromPack(problems []pack.Problem) []*policyv1.PackProblem {
	var all []*policyv1.PackProblem
	for _, p := range problems {
		all = append(all, &policyv1.PackProblem{Line: int32(p.Line), Column: int32(p.Column), Message: p.Message, MessageZh: p.MessageZH})
	}
	return all
}
