package command

import (
	"strings"

	"github.com/spf13/cobra"
)

// headings of help in Chinese, in place of cobra's own.
var headings = strings.NewReplacer(
	"Usage:", "用法：", "Aliases:", "别名：", "Examples:", "示例：",
	"Available Commands:", "命令：", "Additional Commands:", "其他命令：", "Additional help topics:", "其他主题：",
	"Global Flags:", "通用选项：", "Flags:", "选项：", "[command]", "[命令]",
	`Use "`, "用 ", `--help" for more information about a command.`, "--help 查看某个命令的说明。",
)

// help makes help speak the reader's language.
func (a *app) help(root *cobra.Command) {
	if a.printer.Chinese {
		root.SetUsageTemplate(headings.Replace(root.UsageTemplate()))
	}
	root.InitDefaultHelpCmd()
	root.InitDefaultCompletionCmd()
	for _, c := range root.Commands() {
		switch c.Name() {
		case "help":
			c.Use = a.printer.Say("help [命令]", "help [command]")
			c.Short = a.printer.Say("命令的说明", "about a command")
			c.Long = ""
		case "completion":
			c.Short = a.printer.Say("生成命令行补全脚本", "generate the completion script of a shell")
		}
	}
	forEach(root, func(c *cobra.Command) {
		c.InitDefaultHelpFlag()
		if f := c.Flags().Lookup("help"); f != nil {
			f.Usage = a.printer.Say("显示说明", "show help")
		}
	})
}
