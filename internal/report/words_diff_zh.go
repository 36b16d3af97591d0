package report

import "github.com/portolan-net/portolan/flow"

// chineseDiff is the topic of what an upgrade takes and gives, in Chinese.
var chineseDiff = map[flow.Code]string{
	phraseDiffLost:    "失去",
	phraseDiffGained:  "新增",
	phraseDiffPerhaps: "可能（无法确定）：%[1]s",
	phraseDiffBy:      "原因",
	phraseDiffOrBy:    "或原因",
	phraseDiffStill:   "仍可达",
	phraseDiffTry:     "可运行",

	phraseDiffFrom:     "来自%[1]s",
	phraseDiffAnd:      "%[1]s，以及%[2]s",
	phraseDiffBeside:   "同一地址上的 %[1]s 不受影响",
	phraseDiffOutside:  "集群外部",
	phraseDiffClients:  "集群外部（%[1]s）",
	phraseDiffEntering: "%[1]s（从 %[2]s 进入时）",
	phraseDiffNodes:    "节点 %[3]s（%[2]s 个中的 %[1]s 个）",
	phraseDiffAllNodes: "全部 %[1]s 个节点",
	phraseDiffAllPods:  "所有 Pod",
	phraseDiffPodsOf:   "命名空间 %[1]s 的 Pod",
	phraseDiffAlike:    "%[1]s 及另外 %[2]s 个同类",
	phraseDiffOn:       "%[1]s（在 %[2]s 上）",
	phraseDiffFronts:   "%[1]s（经 %[2]s）",
	phraseDiffPartly:   "%[1]s的一部分（%[3]s 条路径中 %[2]s 条可用）",
	phraseDiffMoved:    "地址由 %[1]s 变为 %[2]s",
	phraseDiffOthers:   "不属于 Pod 的地址",
	phraseDiffLink:     "%[1]s -> %[2]s：%[3]s",
	phraseDiffAnyPort:  "所有端口",

	phraseDiffAdded:    "%[1]s（新增）",
	phraseDiffRemoved:  "%[1]s（删除）",
	phraseDiffChanged:  "%[1]s（%[2]s）",
	phraseDiffTogether: "%[1]s，只有同时出现才会如此",
	phraseDiffNobody:   "没有找到造成它的对象",
	phraseDiffMore:     "此外还有未找到的原因",

	phraseDiffNothing:  "没有失去也没有新增",
	phraseDiffGone:     "消失",
	phraseDiffCome:     "新出现",
	phraseDiffSum:      "Service 端口：失去 %[1]s，新增 %[2]s，不受影响 %[3]s；有差异的对象：%[4]s",
	phraseDiffPods:     "Pod 之间：失去 %[1]s，新增 %[2]s",
	phraseDiffFolded:   "另有 %[1]s 条直接访问 Pod 地址的连接，原因相同：-v",
	phraseDiffObjects:  "差异",
	phraseDiffGateLost: "失去%[1]s，原因：%[2]s",
	phraseDiffGateGot:  "新增%[1]s，原因：%[2]s",

	phraseDiffRuleServiceLost:   "某个 Service 不再应答某些访问者",
	phraseDiffRuleServiceGained: "某个 Service 应答了以前不应答的访问者",
	phraseDiffRulePodsLost:      "Pod 不再能连接，或不再能被连接",
	phraseDiffRulePodsGained:    "Pod 能够连接或被连接，而以前不能",
	phraseDiffWhyLost:           "变更之前可用的访问在变更之后不可用；察觉的是客户端，而不是做变更的人",
	phraseDiffWhyGained:         "变更之前关闭的访问在变更之后是开放的",
	phraseDiffDo:                "如果这不是本意，请查看所列的对象：旧版本只加上它的改动就会如此",
}
