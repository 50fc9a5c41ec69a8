package output

import (
	"cmp"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
)

// inChinese ends the key of a detail that says the same in Chinese.
const inChinese = "_zh"

// labels are the Chinese names of details. A key that is missing here is shown
// as it is; in English the keys speak for themselves.
var labels = map[string]string{
	"account":         "账号",
	"addr":            "地址",
	"address":         "地址",
	"admitted":        "允许的角色",
	"at":              "时点",
	"bytes":           "字节数",
	"cause":           "原因",
	"client":          "客户端",
	"column":          "列",
	"command_id":      "命令编号",
	"confirm":         "已确认的摘要",
	"detail":          "说明",
	"did_you_mean":    "是否想输入",
	"digest":          "摘要",
	"effective_date":  "生效日期",
	"employee":        "工号",
	"employee_number": "工号",
	"ends_at":         "结束时间",
	"feed":            "事件流",
	"file":            "文件",
	"grant":           "授权",
	"item":            "事项",
	"latest":          "最晚",
	"limit":           "上限",
	"map":             "列映射",
	"name":            "名称",
	"needed":          "所需",
	"next":            "下一个",
	"order":           "指令",
	"person":          "人员",
	"position":        "位置",
	"problem":         "问题",
	"projection":      "读模型",
	"role":            "角色",
	"row":             "行",
	"rule":            "规则",
	"service":         "服务",
	"snapshot":        "快照",
	"source":          "来源",
	"state":           "状态",
	"stream":          "流",
	"target":          "目标",
	"time":            "时间",
	"type":            "类型",
	"unit":            "部门",
	"until":           "至",
	"usage":           "用法",
	"version":         "版本",
	"yours":           "您的角色",
}

// details are the facts of a refusal, a line each; a fact of several lines goes
// on below its key. What is empty says nothing.
func (p *Printer) details(of map[string]string) []string {
	var lines []string
	for _, key := range slices.SortedFunc(maps.Keys(of), inOrder) {
		base, translated := strings.CutSuffix(key, inChinese)
		value := of[key]
		if zh := of[key+inChinese]; zh != "" && p.Chinese {
			value = zh
		}
		if value == "" || translated && of[base] != "" {
			continue // said with its base
		}
		value = p.instant(value)
		facts := strings.Split(strings.TrimRight(value, "\n"), "\n")
		if len(facts) == 1 {
			lines = append(lines, "  "+p.label(key)+printable(facts[0]))
			continue
		}
		lines = append(lines, strings.TrimRight("  "+p.label(key), " "))
		for _, fact := range facts {
			lines = append(lines, "    "+printable(strings.TrimSpace(fact)))
		}
	}
	return lines
}

// instant is a value as the installation's clocks show it, with the zone, if it
// is a point in time.
func (p *Printer) instant(value string) string {
	at, err := time.Parse(time.RFC3339, value)
	if err != nil || p.Zone == nil {
		return value
	}
	return at.In(p.Zone).Format(time.DateTime + " -07:00")
}

// inOrder sorts by name; "line:column", the places of a file, come first and in
// their order.
func inOrder(a, b string) int {
	lineA, columnA, placeA := place(a)
	lineB, columnB, placeB := place(b)
	switch {
	case placeA && placeB:
		return cmp.Or(cmp.Compare(lineA, lineB), cmp.Compare(columnA, columnB), strings.Compare(a, b))
	case placeA:
		return -1
	case placeB:
		return 1
	}
	return strings.Compare(a, b)
}

func place(key string) (line, column int, ok bool) {
	l, c, _ := strings.Cut(strings.TrimSuffix(key, inChinese), ":")
	line, err := strconv.Atoi(l)
	column, err2 := strconv.Atoi(c)
	return line, column, err == nil && err2 == nil
}

func (p *Printer) label(key string) string {
	name := strings.ReplaceAll(key, "_", " ")
	if !p.Chinese {
		return printable(name) + ": "
	}
	if zh, ok := labels[key]; ok {
		name = zh
	}
	return printable(name) + "："
}
