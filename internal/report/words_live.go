package report

import "github.com/portolan-net/portolan/flow"

// The sentences about a live cluster, in English and Chinese.
var (
	englishLive = map[flow.Code]string{
		flow.CodeLiveForbidden: "who asks may not %[1]s %[2]s: what rests on it is not known (portolan auth)",
		flow.CodeLiveFailed:    "to %[1]s %[2]s failed: %[3]s; what rests on it is not known",
		flow.CodeLiveOdd:       "%[1]s of the cluster was not understood: %[2]s",
		flow.CodeLiveMoments:   "the list of %[1]s expired while it was read, and went on with a later moment: objects that changed meanwhile may be missing or stale",
		flow.CodeLiveStale:     "the API server of %[1]s does not answer: objects of its kinds are not known",
		flow.CodeUnreadPolicy:  "%[1]s may decide about %[2]s, and could not be read",
		flow.CodeUnreadKind:    "objects of kind %[1]s could not be read (%[2]s), and one of them may decide here",
		flow.CodeLiveNarrow:    "who asks may %[1]s %[2]s in %[3]s alone: what rests on those of other namespaces is not known (portolan auth)",

		flow.CodeLossNode:      "without it every answer from outside is UNKNOWN",
		flow.CodeLossPod:       "without it pods cannot be asked about, and policies cannot be judged",
		flow.CodeLossNamespace: "without it rules that select namespaces by label are UNKNOWN",
		flow.CodeLossService:   "without it Services cannot be asked about, and whether an address is one's is UNKNOWN",
		flow.CodeLossSlice:     "without it endpoints are derived from selectors and pods",
		flow.CodeLossPolicy:    "without it whatever policies may deny is UNKNOWN",
		flow.CodeLossMetalLB:   "without it who announces a load balancer's address, and why there is none, is UNKNOWN",
		flow.CodeLossCallback:  "without it calls of the API server (webhooks) are not told about",
		flow.CodeLossConfig:    "without it the dataplane's settings are assumed",
		flow.CodeLossAgent:     "without it the dataplane is harder to recognise",
		flow.CodeLossOwner:     "without it pods are named without their workload",

		helpAuth:     "Print the role that reading a cluster needs, and check it",
		helpSnapshot: "Save what the answers need of a cluster, and nothing else",

		phraseRightAllowed: "yes",
		phraseRightMissing: "NO",
		phraseRightAsked:   "%[1]s of %[2]s rights that reading needs are granted",
		phraseRightBind:    "to grant them: portolan auth -o yaml | kubectl apply -f -, then kubectl create clusterrolebinding portolan-reader --clusterrole portolan-reader --user NAME (or --group, --serviceaccount NAMESPACE:NAME)",
	}
	chineseLive = map[flow.Code]string{
		flow.CodeLiveForbidden: "当前身份无权 %[1]s %[2]s：依赖它的结论未知（portolan auth）",
		flow.CodeLiveFailed:    "%[1]s %[2]s 失败：%[3]s；依赖它的结论未知",
		flow.CodeLiveOdd:       "集群中的 %[1]s 无法理解：%[2]s",
		flow.CodeLiveMoments:   "%[1]s 的列表在读取途中过期，之后接着读的是更晚的时刻：其间变化的对象可能缺失或过时",
		flow.CodeLiveStale:     "%[1]s 的 API 服务器没有应答：其各类对象未知",
		flow.CodeUnreadPolicy:  "%[1]s 可能决定 %[2]s 的流量，但无法读取",
		flow.CodeUnreadKind:    "无法读取 %[1]s 类对象（%[2]s），其中某个可能在此起决定作用",
		flow.CodeLiveNarrow:    "当前身份只能在 %[3]s 中 %[1]s %[2]s：依赖其他命名空间中这些对象的结论未知（portolan auth）",

		flow.CodeLossNode:      "没有它，来自集群外的一切结论都是 UNKNOWN",
		flow.CodeLossPod:       "没有它，无法查询 Pod，也无法判断策略",
		flow.CodeLossNamespace: "没有它，按标签选择命名空间的规则结果为 UNKNOWN",
		flow.CodeLossService:   "没有它，无法查询 Service，某地址是否属于某个 Service 也是 UNKNOWN",
		flow.CodeLossSlice:     "没有它，端点只能由选择器和 Pod 推导",
		flow.CodeLossPolicy:    "没有它，凡策略可能拒绝的都是 UNKNOWN",
		flow.CodeLossMetalLB:   "没有它，负载均衡地址由谁通告、为何没有地址，都是 UNKNOWN",
		flow.CodeLossCallback:  "没有它，不会提示 API 服务器的调用（webhook）",
		flow.CodeLossConfig:    "没有它，数据面的设置只能假定",
		flow.CodeLossAgent:     "没有它，较难识别数据面",
		flow.CodeLossOwner:     "没有它，Pod 无法归到其工作负载",

		helpAuth:     "打印读取集群所需的角色，并检查是否具备",
		helpSnapshot: "保存回答所需的内容，别无其他",

		phraseRightAllowed: "有",
		phraseRightMissing: "无",
		phraseRightAsked:   "读取所需的 %[2]s 项权限中已授予 %[1]s 项",
		phraseRightBind:    "授予权限：portolan auth -o yaml | kubectl apply -f -，然后 kubectl create clusterrolebinding portolan-reader --clusterrole portolan-reader --user NAME（或 --group、--serviceaccount NAMESPACE:NAME）",
	}
)
