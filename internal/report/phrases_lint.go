package report

import "github.com/portolan-net/portolan/flow"

// The phrases of lint, and of gates in general.
const (
	phraseLintWhy        flow.Code = "phrase-lint-why"
	phraseLintDo         flow.Code = "phrase-lint-do"
	phraseLintSee        flow.Code = "phrase-lint-see"
	phraseLintSum        flow.Code = "phrase-lint-sum"        // errors, warnings, notes, objects
	phraseLintSuppressed flow.Code = "phrase-lint-suppressed" // how many
	phraseLintUnchecked  flow.Code = "phrase-lint-unchecked"
	phraseLintLacks      flow.Code = "phrase-lint-lacks"      // kinds, codes
	phraseLintLacksMany  flow.Code = "phrase-lint-lacks-many" // kinds, how many codes
	phraseLintBaseline   flow.Code = "phrase-lint-baseline"   // what stands for a reason
	phraseLintClean      flow.Code = "phrase-lint-clean"
	phraseLintFold       flow.Code = "phrase-lint-fold" // objects

	wordError      flow.Code = "error"
	wordWarning    flow.Code = "warning"
	wordInfo       flow.Code = "info"
	wordNoPodToday flow.Code = "no-pod-today"
	wordNoNearCode flow.Code = "no-near-code"

	phraseGateFinding flow.Code = "phrase-gate-finding"
	phraseGateWhere   flow.Code = "phrase-gate-where"
	phraseGateCode    flow.Code = "phrase-gate-code"
	phraseGateClean   flow.Code = "phrase-gate-clean"
	phraseAssertRule  flow.Code = "phrase-assert-rule"
	phraseAssertWhy   flow.Code = "phrase-assert-why"
	phraseAssertDo    flow.Code = "phrase-assert-do"
)

var englishLintPhrases = map[flow.Code]string{
	phraseLintWhy:        "why",
	phraseLintDo:         "do",
	phraseLintSee:        "see",
	phraseLintSum:        "errors: %[1]s, warnings: %[2]s, notes: %[3]s; objects looked at: %[4]s",
	phraseLintSuppressed: "suppressed: %[1]s",
	phraseLintUnchecked:  "unchecked",
	phraseLintLacks:      "the input lacks %[1]s, so these were not looked for: %[2]s",
	phraseLintLacksMany:  "the input lacks %[1]s, so %[2]s codes that need it were not looked for (-v names them)",
	phraseLintBaseline:   "in the baseline",
	phraseLintClean:      "nothing found",
	phraseLintFold:       "%[1]s (-v tells more)",
	wordError:            "error",
	wordWarning:          "warning",
	wordInfo:             "info",
	wordNoPodToday:       "(no such pod today)",
	wordNoNearCode:       "none",
	phraseGateFinding:    "Finding",
	phraseGateWhere:      "Where",
	phraseGateCode:       "Code",
	phraseGateClean:      "Nothing found",
	phraseAssertRule:     "A connection is not as expected",
	phraseAssertWhy:      "somebody relies on what the expectation says",
	phraseAssertDo:       "portolan trace FROM TO shows the way; correct the cluster, or the expectation",
}

var chineseLintPhrases = map[flow.Code]string{
	phraseLintWhy:        "原因",
	phraseLintDo:         "处理",
	phraseLintSee:        "验证",
	phraseLintSum:        "错误：%[1]s，警告：%[2]s，提示：%[3]s；检查的对象：%[4]s",
	phraseLintSuppressed: "已屏蔽：%[1]s",
	phraseLintUnchecked:  "未检查",
	phraseLintLacks:      "输入中缺少 %[1]s，因此没有检查：%[2]s",
	phraseLintLacksMany:  "输入中缺少 %[1]s，因此有 %[2]s 个需要它的代码没有检查（-v 列出）",
	phraseLintBaseline:   "在基线中",
	phraseLintClean:      "没有发现",
	phraseLintFold:       "%[1]s（-v 显示详情）",
	wordError:            "错误",
	wordWarning:          "警告",
	wordInfo:             "提示",
	wordNoPodToday:       "（目前没有这样的 Pod）",
	wordNoNearCode:       "无",
	phraseGateFinding:    "发现",
	phraseGateWhere:      "位置",
	phraseGateCode:       "代码",
	phraseGateClean:      "没有发现",
	phraseAssertRule:     "连接与预期不符",
	phraseAssertWhy:      "有人依赖这条预期所说的内容",
	phraseAssertDo:       "portolan trace FROM TO 可显示经过；改正集群，或改正预期",
}
