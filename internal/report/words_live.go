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
	}
	chineseLive = map[flow.Code]string{
		flow.CodeLiveForbidden: "当前身份无权 %[1]s %[2]s：依赖它的结论未知（portolan auth）",
		flow.CodeLiveFailed:    "%[1]s %[2]s 失败：%[3]s；依赖它的结论未知",
		flow.CodeLiveOdd:       "集群中的 %[1]s 无法理解：%[2]s",
		flow.CodeLiveMoments:   "%[1]s 的列表在读取途中过期，之后接着读的是更晚的时刻：其间变化的对象可能缺失或过时",
		flow.CodeLiveStale:     "%[1]s 的 API 服务器没有应答：其各类对象未知",
		flow.CodeUnreadPolicy:  "%[1]s 可能决定 %[2]s 的流量，但无法读取",
	}
)
