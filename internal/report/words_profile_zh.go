package report

import "github.com/portolan-net/portolan/flow"

// chineseProfile is the same in Chinese.
var chineseProfile = map[flow.Code]string{
	flow.CodeAssumedUnmeasured:   "%[1]s 的行为取自文档和源码，没有用真实报文测量过",
	flow.CodeAssumedUsualNetwork: "输入没有说明 Pod 网络：按 %[1]s 的惯例假定为 %[2]s，去往 Pod 的 SNAT 因此使用各节点 podCIDR 的第一个地址",
	flow.CodeAssumedPodEgress:    "输入没有说明 Pod 网络自身做哪些 SNAT：假定为 %[2]s，即 %[1]s 的默认值",
	flow.CodeAssumedNotSkipped:   "%[1]s 转换后的报文经 OUTPUT 发出，不经过 FORWARD：只看 FORWARD 的策略组件看不到它；假定这里的组件看得到",

	flow.CodeAssumedProxy:    "输入没有说明 Service 代理：假定为 %[1]s",
	flow.CodeAssumedEnforcer: "输入没有说明由谁执行 NetworkPolicy：假定为 %[1]s",

	flow.CodeDetectedProxy:         "检测到 Service 代理 %[1]s，依据是 %[2]s",
	flow.CodeDetectedPolicy:        "检测到 NetworkPolicy 的执行者 %[1]s，依据是 %[2]s",
	flow.CodeDetectedSeveral:       "输入中有多个 NetworkPolicy 执行者（%[1]s）：不知道由哪一个执行",
	flow.CodeDetectedPodNetwork:    "检测到 Pod 网络 %[1]s，依据是 %[2]s",
	flow.CodeDetectedPodEgress:     "检测到 Pod 网络自身的 SNAT：%[1]s，依据是 %[2]s",
	flow.CodeDetectedTunnel:        "检测到 %[1]s 的隧道，节点访问其他节点的 Pod 时使用隧道地址，依据是 %[2]s",
	flow.CodeDetectedClusterCIDR:   "检测到集群 CIDR %[1]s，依据是 %[2]s",
	flow.CodeDetectedMasqueradeAll: "检测到 masqueradeAll 为 %[1]s，依据是 %[2]s",
	flow.CodeDetectedUnmodelled:    "%[2]s 设置了 %[1]s，没有建模：结果按默认值给出",

	flow.CodeInferredLooksLikeNode: "%[1]s 在 SNAT 之后判断，看到的源地址 %[2]s 是 %[3]s 自己的地址，因此按本节点流量放行：由文档推断，没有测量过",
	flow.CodeInferredGateway:       "%[1]s 在 SNAT 之后判断，按 %[2]s 检查这个报文，因为只有节点自身进程发出的报文免于检查：由文档推断，没有测量过",
	flow.CodeInferredWorld:         "%[1]s 把这个报文当作来自集群外、没有具体地址：只有包含全部地址的 ipBlock 才匹配；由文档推断，没有测量过",
	flow.CodeInferredServiceIP:     "%[1]s 在 DNAT 之前判断 egress：认为选择 Pod 的规则也放行 %[2]s，即这些 Pod 前面 Service 的 ClusterIP；由源码推断，没有测量过",

	flow.CodeExemptLooksLikeNode: "SNAT 之后的源地址 %[1]s 属于节点 %[2]s：%[3]s 的策略按本节点流量放行",
	flow.CodeExemptForwardOnly:   "%[1]s 只看 FORWARD，而 %[2]s 在 %[3]s 上转换的报文不经过它",
	flow.CodeNotTakenFromOutside: "%[1]s 只接受集群内对 ClusterIP %[2]s 的访问",
	flow.CodeStaysInPod:          "%[1]s 在 connect 时选中的后端就是自己：报文不离开 Pod",
	flow.CodeFallsBack:           "%[1]s（%[2]s），流量策略 Local 且本节点没有后端：仍然选用别处的后端 %[3]s，地址 %[6]s，第 %[4]s 个，共 %[5]s 个",
	flow.CodeUnusedBoundPort:     "每个节点都持有这个地址，而没有 Service 使用端口 %[1]s：拒绝（reject）",

	flow.CodeSinceAfterSNAT:     "策略在 SNAT 之后判断，看到的是节点的地址",
	flow.CodeSinceBeforeSNAT:    "策略在 SNAT 之前判断，看到的是原来的源地址",
	flow.CodeSinceIdentities:    "ipBlock 既不匹配 Pod，也不匹配节点",
	flow.CodeSinceBeforeDNAT:    "egress 在 DNAT 之前判断",
	flow.CodeSinceSelf:          "Pod 经 Service 访问自己时的判断方式不同",
	flow.CodeSinceNotEnforced:   "没有组件执行 NetworkPolicy",
	flow.CodeSinceEnforced:      "NetworkPolicy 得到执行",
	flow.CodeSinceDeny:          "被策略拒绝的报文，一个回 reject，另一个直接丢弃",
	flow.CodeSinceForwardOnly:   "策略组件看不到经 OUTPUT 发出的报文",
	flow.CodeSinceLocalBackends: "客户端进入的节点上的后端看到的是客户端，而不是节点",
	flow.CodeSincePodsKeep:      "代理不对 Pod 做 SNAT",
	flow.CodeSinceSocket:        "Pod 和进程在 connect 时就得到后端",
	flow.CodeSinceFallsBack:     "流量策略 Local 在本节点没有后端时选用别处的后端",
	flow.CodeSinceClusterIPs:    "只接受集群内对 ClusterIP 的访问",
	flow.CodeSincePolicy:        "%[1]s 执行策略的方式不同",
	flow.CodeSinceProxy:         "%[1]s 转发的方式不同",
	flow.CodeSinceNetwork:       "在 %[1]s 类型的 Pod 网络上，节点使用的源地址不同",
	flow.CodeSinceEgress:        "Pod 网络自身的 SNAT 为 %[1]s",
	flow.CodeSinceTogether:      "%[1]s、%[2]s 和 Pod 网络 %[3]s 共同造成差别",

	phraseOthers:      "其他可能",
	phraseOther:       "若为 %[1]s：%[2]s",
	phraseOtherPaths:  "%[1]s，%[3]s 条路径中 %[2]s 条送达",
	phraseOtherVia:    "%[1]s（经 %[2]s）",
	phraseOtherSees:   "客户端看到：%[1]s",
	phraseOtherSince:  "因为%[1]s",
	phraseOtherPlace:  "%[1]s，%[2]s：%[3]s，而不是 %[4]s",
	phraseOtherPlaces: "另有 %[1]s 处",

	flow.CodeMissIdentity: "%[2]s 属于集群内部，而 ipBlock（%[1]s）只匹配集群外的地址",

	flow.CodeDeviationIdentities:  "%[1]s 拒绝了这个报文，尽管有 ipBlock 包含该地址：它按身份而不是地址识别 Pod 和节点",
	flow.CodeDeviationBeforeDNAT:  "%[1]s 在 DNAT 之前按 Service 的地址和端口判断 egress；在 DNAT 之后判断，结果会不同",
	flow.CodeDeviationAfterSNAT:   "%[1]s 在本节点 SNAT 之后判断 ingress；在 SNAT 之前判断，结果会不同",
	flow.CodeDeviationForwardOnly: "%[1]s 看不到经 OUTPUT 发出的这个报文：它的策略在这里保护不了 Pod",
	flow.CodeDeviationFallsBack:   "流量策略 Local 要求留在本节点，而本节点没有后端时 %[1]s 会选用别处的后端",
}
