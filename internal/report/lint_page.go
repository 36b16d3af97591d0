package report

import (
	"fmt"
	"io"
	"strings"

	"github.com/portolan-net/portolan/check"
)

// LintPage writes docs/lint.md, or its translation: the table of codes, then each
// code with why it matters and what to do.
func LintPage(w io.Writer, l Lang) error {
	var b strings.Builder
	rules := check.Rules()
	b.WriteString(lintPageHead[l])
	for _, r := range rules {
		fmt.Fprintf(&b, "| [%s](#%s) | %s | %s |\n", r.Code, r.Code, severityWord(l, r.Severity), cell(l.LintHelp(r.Code).What))
	}
	for _, r := range rules {
		h := l.LintHelp(r.Code)
		fmt.Fprintf(&b, "\n## %s\n\n", r.Code)
		fmt.Fprintf(&b, lintPageCode[l], severityWord(l, r.Severity), cell(h.What), cell(h.Why), cell(h.Do))
		if len(r.Needs) > 0 {
			fmt.Fprintf(&b, lintPageNeeds[l], strings.Join(r.Needs, ", "))
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

var lintPageCode = map[Lang]string{
	English: "%s: %s.\n\n**Why**: %s.\n\n**Do**: %s.\n",
	Chinese: "%s：%s。\n\n**原因**：%s。\n\n**处理**：%s。\n",
}

var lintPageNeeds = map[Lang]string{
	English: "\nLooked for if the input holds: %s.\n",
	Chinese: "\n输入中有以下对象时才检查：%s。\n",
}

var lintPageHead = map[Lang]string{
	English: `<!-- Generated from check/lint_codes.go and internal/report: UPDATE=1 go test ./internal/report -->
# What lint finds

*[中文](lint.zh-CN.md)*

` + "`portolan lint`" + ` looks at NetworkPolicies, Services and load balancer addresses for what
does not do what it is there for, or does it otherwise than it reads. It decides
nothing itself: what a policy admits, what a Service masquerades, who gets and who
announces an address is asked of the tables that ` + "`trace`" + ` walks.

**Severity** follows one rule. An *error* is something that the input itself shows
not to work, or to be lost. A *warning* works otherwise than it reads. *Info* is a
fact that is often meant; it is one line unless ` + "`-v`" + ` asks for more.

**A part of a cluster will do.** What the input lacks something for is not looked
for, and said so. In a folder of manifests, pods are derived from workloads; that a
selector matches nothing is then a finding only if something shows what was meant.

**To take a finding out**, annotate its object, with a reason:

    metadata:
      annotations:
        portolan.dev/ignore: "CODE reason; CODE reason"
        portolan.dev/ignore.CODE: reason

or write what is there today into a baseline, ` + "`--baseline FILE --write-baseline`" + `, and
give ` + "`--baseline FILE`" + ` from then on. ` + "`--only`" + ` and ` + "`--skip`" + ` choose codes.

| code | severity | |
| --- | --- | --- |
`,
	Chinese: `<!-- Generated from check/lint_codes.go and internal/report: UPDATE=1 go test ./internal/report -->
# lint 能发现什么

*[English](lint.md)*

` + "`portolan lint`" + ` 检查 NetworkPolicy、Service 和负载均衡地址，找出没有起到应有作用，或作用与字面不同的对象。
它自己不做判断：策略放行谁、Service 伪装谁、谁得到和通告地址，都询问 ` + "`trace`" + ` 所用的表。

**严重程度**只有一条规则：*错误*是输入本身已表明不起作用或会丢失的；*警告*是作用与字面不同的；
*提示*是往往有意为之的事实，除非加 ` + "`-v`" + `，每个代码只占一行。

**集群的一部分也可以检查。**输入中缺少所需对象时，相应的代码不检查，并会说明。在清单目录中，Pod 由工作负载推导；
这时选择器不匹配任何对象，只有在能看出原意时才算发现。

**要屏蔽一个发现**，给对象加注解并写明理由：

    metadata:
      annotations:
        portolan.dev/ignore: "CODE 理由; CODE 理由"
        portolan.dev/ignore.CODE: 理由

或者用 ` + "`--baseline FILE --write-baseline`" + ` 把现状写入基线，之后带上 ` + "`--baseline FILE`" + `。` + "`--only`" + ` 和 ` + "`--skip`" + ` 选择代码。

| 代码 | 严重程度 | |
| --- | --- | --- |
`,
}
