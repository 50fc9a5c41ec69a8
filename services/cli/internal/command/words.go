package command

import "strings"

// phrase is a word of the API as people say it.
type phrase struct{ zh, en string }

// words are the states and kinds of the API. A word that means something else
// of a person, a case or a gate stands here once more with that in front. What
// is not here is shown as it came; with --json nothing is translated.
var words = map[string]phrase{
	// people
	"expected":      {"待入职", "expected"},
	"person active": {"在职", "active"},
	"leaving":       {"待离职", "leaving"},
	"left":          {"已离职", "left"},

	"employee":    {"员工", "employee"},
	"intern":      {"实习生", "intern"},
	"temporary":   {"临时人员", "temporary"},
	"outsourced":  {"外包人员", "outsourced"},
	"third_party": {"第三方人员", "third party"},

	// accounts and passwords
	"active":    {"有效", "active"},
	"opened":    {"已开通", "opened"},
	"suspended": {"已停用", "suspended"},
	"closed":    {"已关闭", "closed"},
	"directory": {"员工账号", "employee"},
	"operator":  {"操作员账号", "operator"},
	"initial":   {"初始口令", "initial"},
	"own":       {"已自行设置", "own"},
	"none":      {"无", "none"},

	// grants
	"issued":     {"已签发", "issued"},
	"suspending": {"停用中", "suspending"},
	"revoking":   {"撤销中", "revoking"},
	"removed":    {"已收回", "removed"},
	"withheld":   {"因职责冲突未授予", "withheld"},
	"birthright": {"岗位权限", "birthright"},
	"standard":   {"常规", "standard"},
	"privileged": {"特权", "privileged"},
	"delegated":  {"委托", "delegated"},
	"exception":  {"例外", "exception"},
	"adopted":    {"接管", "adopted"},

	// clearance
	"case open":          {"办理中", "open"},
	"case closed":        {"已办结", "closed"},
	"gate opened":        {"已放行", "opened"},
	"departure":          {"离职", "departure"},
	"transfer":           {"调岗", "transfer"},
	"open":               {"未完成", "open"},
	"blocked":            {"未放行", "blocked"},
	"done":               {"已完成", "done"},
	"waived":             {"已豁免", "waived"},
	"accounts":           {"账号", "accounts"},
	"grants":             {"授权", "grants"},
	"admin_confirmation": {"管理员确认", "admin confirmation"},

	// orders
	"add":       {"添加", "add"},
	"remove":    {"移除", "remove"},
	"ordered":   {"已下达", "ordered"},
	"failing":   {"失败重试中", "failing"},
	"completed": {"已完成", "completed"},
	"cancelled": {"已取消", "cancelled"},

	// requests and approvals
	"request pending":    {"审批中", "pending"},
	"request postponed":  {"已延期", "postponed"},
	"request approved":   {"已批准", "approved"},
	"request refused":    {"已拒绝", "refused"},
	"request returned":   {"已退回", "returned"},
	"request withdrawn":  {"已撤回", "withdrawn"},
	"request fulfilled":  {"已授予", "fulfilled"},
	"role requestable":   {"可申请", "can be asked for"},
	"role renewable":     {"已持有，可续期", "held, can be renewed"},
	"role held":          {"已持有", "held"},
	"role pending":       {"审批中", "pending"},
	"role conflict":      {"职责冲突", "kept apart by a duty rule"},
	"role waiting":       {"待另一权限确认收回", "waits for the removal of another right"},
	"role unavailable":   {"暂不可申请", "cannot be asked for now"},
	"approval open":      {"待签批", "open"},
	"approval postponed": {"已延期", "postponed"},
	"approval granted":   {"已批准", "granted"},
	"approval refused":   {"已拒绝", "refused"},
	"approval returned":  {"已退回", "returned"},
	"approval cancelled": {"已取消", "cancelled"},
	"approval lapsed":    {"已失效", "lapsed"},
	"step open":          {"待签", "open"},
	"step done":          {"已完成", "done"},
	"step refused":       {"不同意", "refused"},
	"step returned":      {"已退回", "returned"},
	"step cancelled":     {"已取消", "cancelled"},
	"step lapsed":        {"已失效", "lapsed"},
	"to_come":            {"未开始", "to come"},
	"supervisor":         {"直接上级", "supervisor"},
	"unit_head":          {"部门负责人", "head of unit"},
	"role_owner":         {"应用负责人", "owner of the application"},
	"leadership":         {"领导直接授权", "leadership, directly"},
	"decision approve":   {"同意", "approve"},
	"decision refuse":    {"不同意", "refuse"},
	"decision return":    {"退回补充", "return"},
	"decision postpone":  {"延期", "postpone"},
	"decision authorise": {"直接授权", "authorise directly"},

	// packs
	"scheduled":  {"待生效", "scheduled"},
	"publishing": {"发布中", "publishing"},
	"superseded": {"已被取代", "superseded"},
}

// reasons are why something happened. A text that a human gave as a reason is
// in no list and stays as it is.
var reasons = map[string]phrase{
	"employment":                 {"入职", "employment"},
	"attribute":                  {"属性变动", "attribute"},
	"matrix":                     {"权限矩阵变动", "matrix"},
	"transfer":                   {"调岗", "transfer"},
	"leaver":                     {"离职", "leaver"},
	"expiry":                     {"到期", "expiry"},
	"access_request":             {"权限申请", "access request"},
	"requested":                  {"申请获批", "requested"},
	"requester":                  {"申请人撤回", "by the requester"},
	"no_signer":                  {"无人可签批", "nobody could sign"},
	"lapsed":                     {"逾期无人签批", "nobody signed in time"},
	"over":                       {"签批未完成，所申请的期限已过", "its own end came before all had signed"},
	"refused":                    {"签批人不同意", "refused by a signer"},
	"catalogue":                  {"该角色已不再提供", "the role is not offered any more"},
	"late":                       {"签批完成时所申请的期限已过", "its end had passed when it was signed"},
	"delayed":                    {"等待生效", "delayed"},
	"removal":                    {"另一权限已确认收回", "another right is gone"},
	"duty_rule":                  {"职责冲突", "duty rule"},
	"unknown_account":            {"没有此账号", "no such account"},
	"suspended":                  {"账号已停用", "the account is suspended"},
	"suspended_grant":            {"该授权已停用", "the grant is suspended"},
	"suspension_over":            {"停用期满", "the suspension is over"},
	"no_grant":                   {"没有授权", "no grant"},
	"not_confirmed":              {"已签发，尚未回读确认", "decided, not yet confirmed on the target"},
	"ended":                      {"已到期", "its time is over"},
	"snapshot":                   {"人事快照", "HR snapshot"},
	"absent_from_snapshot":       {"快照中已无此人", "absent from HR's snapshot"},
	"hired":                      {"入职", "hired"},
	"rehired":                    {"再次入职", "rehired"},
	"departure cleared":          {"离职手续已办结", "departure cleared"},
	"there is no account":        {"没有账号", "there is no account"},
	"the account is closed":      {"账号已关闭", "the account is closed"},
	"transfer_noticed":           {"调岗通知", "transfer noticed"},
	"transfer withdrawn":         {"调岗已取消", "transfer withdrawn"},
	"the person left":            {"人员已离职", "the person left"},
	"every removal is confirmed": {"全部权限均已回读确认收回", "every removal is confirmed"},
	"hr_change_kind_joiner":      {"入职", "joiner"},
	"hr_change_kind_mover":       {"变动", "mover"},
	"hr_change_kind_leaver":      {"离职", "leaver"},
	"this event cannot be read any more; run: ostiary audit verify": {"该事件已无法读取，请执行 ostiary audit verify", "this event cannot be read any more; run: ostiary audit verify"},

	// why an order fails: the published reason stays beside the words
	"TARGET_UNREACHABLE":    {"目标无法连接 [TARGET_UNREACHABLE]", "TARGET_UNREACHABLE"},
	"TARGET_TIMEOUT":        {"目标未及时应答 [TARGET_TIMEOUT]", "TARGET_TIMEOUT"},
	"TARGET_REFUSED":        {"目标拒绝 [TARGET_REFUSED]", "TARGET_REFUSED"},
	"TARGET_NOT_CHANGED":    {"回读未见变更 [TARGET_NOT_CHANGED]", "TARGET_NOT_CHANGED"},
	"TARGET_UNKNOWN":        {"没有此目标 [TARGET_UNKNOWN]", "TARGET_UNKNOWN"},
	"TARGET_IS_EVENT_STORE": {"目标是事件库所在的数据库 [TARGET_IS_EVENT_STORE]", "TARGET_IS_EVENT_STORE"},
}

// word is a state or kind in the reader's language; of says what it is about,
// where that matters.
func (a *app) word(s string, of ...string) string {
	for _, key := range append(of, "") {
		if w, ok := words[strings.TrimSpace(key+" "+s)]; ok {
			return a.printer.Say(w.zh, w.en)
		}
	}
	if unit, ok := strings.CutPrefix(s, "sign_off:"); ok {
		return a.printer.Say("会签：", "sign-off: ") + unit
	}
	return s
}

// reason is a reason in the reader's language. Audit joins two facts where one
// does not explain the event.
func (a *app) reason(s string) string {
	if w, ok := reasons[s]; ok {
		return a.printer.Say(w.zh, w.en)
	}
	if why, held, ok := strings.Cut(s, ", but holds "); ok {
		return a.reason(why) + a.printer.Say("，但已持有 ", ", but holds ") + held
	}
	if why, held, ok := strings.Cut(s, ", until the target no longer shows "); ok {
		return a.reason(why) + a.printer.Say("，待目标系统确认收回 ", ", until the target no longer shows ") + held
	}
	if operation, target, ok := strings.Cut(s, " on "); ok && (operation == "add" || operation == "remove") {
		return a.printer.Say("在 "+target+" 上"+a.word(operation), s)
	}
	return s
}
