package command

import (
	"errors"
	"io/fs"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/ostiary/ostiary/services/cli/internal/output"
)

// misused refuses a command line and says what is wrong with it.
func (a *app) misused(zh, en string) error {
	return output.ErrUsage.With("problem", a.printer.Say(zh, en))
}

// misusedFlag says what is wrong with a flag.
func (a *app) misusedFlag(err error) error {
	var (
		unknown *pflag.NotExistError
		empty   *pflag.ValueRequiredError
		invalid *pflag.InvalidValueError
	)
	switch {
	case errors.As(err, &unknown):
		name := dashed(unknown.GetSpecifiedName())
		return a.misused("没有 "+name+" 选项", "there is no flag "+name)
	case errors.As(err, &empty):
		name := dashed(empty.GetSpecifiedName())
		return a.misused(name+" 缺少值", name+" needs a value")
	case errors.As(err, &invalid):
		name, value := "--"+invalid.GetFlag().Name, invalid.GetValue()
		refusal := a.misused(name+" 的值无效："+value, name+" cannot be "+value)
		if hint := a.hint(invalid.GetFlag()); hint != "" {
			refusal = output.ErrUsage.With("problem", a.printer.Say(name+" 的值 "+value+" 无效，", name+" "+value+": ")+hint)
		}
		return refusal
	}
	return a.misused(err.Error(), err.Error())
}

// hint says what a flag of this type may be.
func (a *app) hint(f *pflag.Flag) string {
	switch f.Value.Type() {
	case durationType:
		return a.printer.Say("请给出时长，例如 60s 或 5m", "give a time such as 60s or 5m")
	case "int32", "int64":
		return a.printer.Say("请给出整数", "give a whole number")
	}
	return ""
}

func dashed(name string) string {
	if len(name) == 1 {
		return "-" + name
	}
	return "--" + name
}

// misusedArguments says that a command takes other arguments.
func (a *app) misusedArguments(c *cobra.Command, given []string) error {
	got := a.printer.Say("未给出参数", "no argument was given")
	if len(given) > 0 {
		got = a.printer.Say("给出的参数为：", "the arguments given are: ") + strings.Join(given, " ")
	}
	return output.ErrUsage.With("problem", a.printer.Say("参数不符，", "these are not the arguments of this command; ")+got).With("usage", c.UseLine())
}

// unreadable says why a file of the reader cannot be read.
func (a *app) unreadable(detail, path string, err error) error {
	why := err.Error()
	switch {
	case errors.Is(err, fs.ErrNotExist):
		why = path + a.printer.Say("：没有此文件", ": there is no such file")
	case errors.Is(err, fs.ErrPermission):
		why = path + a.printer.Say("：无权读取", ": you may not read it")
	}
	return output.ErrUsage.With(detail, why)
}
