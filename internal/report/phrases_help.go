package report

import "github.com/portolan-net/portolan/flow"

// One line for each command, by its name.
const (
	helpRoot     flow.Code = "help-portolan"
	helpTrace    flow.Code = "help-trace"
	helpExplain  flow.Code = "help-explain"
	helpFix      flow.Code = "help-fix"
	helpDescribe flow.Code = "help-describe"
	helpProve    flow.Code = "help-prove"
	helpAssert   flow.Code = "help-assert"
	helpLint     flow.Code = "help-lint"
	helpDiff     flow.Code = "help-diff"
	helpWatch    flow.Code = "help-watch"
	helpVersion  flow.Code = "help-version"
)

var englishHelp = map[flow.Code]string{
	helpRoot:     "Explain what happens to a packet in a Kubernetes cluster",
	helpTrace:    "Follow a packet hop by hop",
	helpExplain:  "Show who can and who cannot reach a Service, and why",
	helpFix:      "Print the smallest change that makes a connection work",
	helpDescribe: "Put NetworkPolicies, or all that applies to a pod, in words",
	helpProve:    "Show predictions on this machine's kernel, with real packets",
	helpAssert:   "Check that connections are as expected",
	helpLint:     "Find what does not do what it is there for",
	helpDiff:     "Say what an upgrade takes and gives, and which object does it",
	helpWatch:    "Say what is lost and gained in a live cluster, as it happens, and by whom",
	helpVersion:  "Print the version",
}

var chineseHelp = map[flow.Code]string{
	helpRoot:     "说明一个报文在 Kubernetes 集群里经历了什么",
	helpTrace:    "逐跳跟踪一个报文",
	helpExplain:  "列出谁能、谁不能访问一个 Service，以及原因；不带目标时检查所有 Service",
	helpFix:      "打印能让连接恢复的最小改动，并给出证明",
	helpDescribe: "用文字说明一条策略，或作用于一个 Pod 的全部策略",
	helpProve:    "用真实报文在本机内核上证明预测",
	helpAssert:   "检查连接是否与预期一致",
	helpLint:     "找出没有起到应有作用的对象",
	helpDiff:     "列出一次变更会失去和新增哪些访问，以及由哪个对象造成",
	helpWatch:    "持续监视集群，访问一旦失去或新增立即说明，并指出造成它的对象和操作者",
	helpVersion:  "打印版本",
}

// Help is the one-line help of a command, "portolan" for the program itself; ""
// for a command that has none.
func (l Lang) Help(command string) string {
	words := catalogues[l]
	if words == nil {
		words = english
	}
	return words[flow.Code("help-"+command)]
}
