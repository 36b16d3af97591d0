package report

import "github.com/portolan-net/portolan/flow"

// chineseAddresses is the catalogue of load balancer addresses in Chinese.
var chineseAddresses = map[flow.Code]string{
	flow.CodeShareCluster:   "MetalLB 允许 %[2]s 与 %[3]s 共用 %[1]s：共享键同为 %[4]s，都是 Cluster，端口不冲突",
	flow.CodeShareSelector:  "MetalLB 允许 %[2]s 与 %[3]s 共用 %[1]s：共享键同为 %[4]s，都是 Local 且选择器同为 %[5]s，端口不冲突",
	flow.CodeShareNoKey:     "%[2]s 不能与 %[3]s 共用 %[1]s：%[4]s 没有 metallb.io/allow-shared-ip",
	flow.CodeShareKeys:      "%[2]s 不能与 %[3]s 共用 %[1]s：共享键（metallb.io/allow-shared-ip）分别是 %[4]s 和 %[5]s",
	flow.CodeSharePolicies:  "%[2]s 不能与 %[3]s 共用 %[1]s：externalTrafficPolicy 分别是 %[4]s 和 %[5]s；路由以整个地址为单位，只能都是 Cluster，或都是 Local 且选择器相同",
	flow.CodeShareSelectors: "%[2]s 不能与 %[3]s 共用 %[1]s：都是 Local，选择器却是 %[4]s 和 %[5]s；路由以整个地址为单位，选择器必须相同，或都改为 Cluster",
	flow.CodeSharePort:      "%[2]s 不能与 %[3]s 共用 %[1]s：端口 %[4]s 已被 %[3]s 占用",

	flow.CodePending:            "%[1]s 还没有负载均衡地址（pending）",
	flow.CodePendingNoPools:     "输入中没有 IPAddressPool：不知道由谁给 %[1]s 分配地址；用 kubectl get ipaddresspools,bgpadvertisements,l2advertisements,bgppeers -A -o yaml 可取得 MetalLB 的配置",
	flow.CodePendingAllocatable: "输入中看不到障碍：MetalLB 会从地址池 %[3]s 给 %[1]s 分配 %[2]s；事件见 kubectl describe",
	flow.CodePendingOtherClass:  "loadBalancerClass 为 %[2]s，%[1]s 由 MetalLB 以外的控制器负责",
	flow.CodePendingTypo:        "%[1]s 的注解 %[2]s 对 MetalLB 没有意义：是否想写 %[3]s？",
	flow.CodePendingTwice:       "%[1]s 同时用 metallb.io/loadBalancerIPs 和 spec.loadBalancerIP 请求地址：MetalLB 一个也不给",
	flow.CodePendingInvalid:     "%[1]s 在 %[2]s 中请求 %[3]s，它不是地址",
	flow.CodePendingFamily:      "%[1]s 请求 %[2]s，而它是 %[3]s 的 Service：每个地址族应有且只有一个地址",
	flow.CodePendingNoPool:      "没有地址池包含所请求的地址 %[1]s（现有：%[2]s）",
	flow.CodePendingAvoided:     "地址池 %[2]s 包含 %[1]s，但不使用以 .0 或 .255 结尾的地址（avoidBuggyIPs）",
	flow.CodePendingOtherPool:   "所请求的地址 %[1]s 属于地址池 %[2]s，而注解 address-pool 要求 %[3]s",
	flow.CodePendingUnknownPool: "注解 address-pool 要求 %[1]s，但没有这个地址池（现有：%[2]s）",
	flow.CodeRequestChanged:     "%[1]s 请求的是 %[2]s，现有的是 %[3]s",
	flow.CodePoolFull:           "地址池 %[1]s 已用完：%[3]s 个中已用 %[2]s 个，占用者为 %[4]s",
	flow.CodePoolNoFamily:       "地址池 %[1]s 没有可分配的 %[2]s 地址",
	flow.CodePoolNamespaces:     "地址池 %[1]s 只给命名空间 %[2]s 使用，不包括 %[3]s",
	flow.CodePoolServices:       "地址池 %[1]s 只给标签为 %[2]s 的 Service 使用，%[3]s 不符合",
	flow.CodePoolNotAuto:        "地址池 %[1]s 设置了 autoAssign: false，必须用注解 metallb.io/address-pool 指定",
	flow.CodePoolNobody:         "地址池 %[1]s 的 namespaceSelectors 没有匹配任何命名空间：必须用注解 metallb.io/address-pool 指定",
	flow.CodePoolsOverlap:       "地址池 %[1]s 与 %[2]s 都包含 %[3]s 中的地址：MetalLB 拒绝这份配置，继续使用上一份有效配置",

	flow.CodeDetectedRouter:    "没有说明路由器：根据 %[2]s 判断为 %[1]s 路由",
	flow.CodeNoPoolHolds:       "没有 IPAddressPool 包含 %[1]s：没有节点通告它",
	flow.CodeNoAdvertisement:   "没有 %[2]s 选中地址池 %[3]s：没有节点通告 %[1]s",
	flow.CodeAdNotForService:   "%[2]s 选中了地址池 %[3]s，但其 serviceSelectors 没有选中这个 Service：没有节点通告 %[1]s",
	flow.CodeAdNotForNodes:     "可以通告 %[1]s 的节点（%[3]s）一个也没有被 %[2]s 选中",
	flow.CodeNoPeerOnNodes:     "本应通告 %[1]s 的节点（%[3]s）都没有可用的 BGP 会话（%[2]s）",
	flow.CodeSharedAndSelected: "%[2]s 带有 serviceSelectors，而 MetalLB 不会用这样的通告发布带 allow-shared-ip 的 Service：没有节点应答 %[1]s",
	flow.CodeNothingServes:     "%[1]s 后面没有可用的后端，因此没有节点通告它",
	flow.CodeRoutedLeaders:     "%[1]s 都应答这个地址：共用它的各 Service 候选节点不同",
	flow.CodeAssumedPeers:      "输入中没有 BGPPeer：假定每个节点都与路由器建立了会话",
	flow.CodeAssumedInterfaces: "%[1]s 只在接口 %[2]s 上应答：假定报文从那里进入",

	phrasePendingLead:  "待分配",
	phraseStaysCluster: "其中一个改了共享键，或改为 Local，就会失去这个地址",
	phraseStaysLocal:   "其中一个改了共享键或选择器，或改为 Cluster，就会失去这个地址",
	phraseLosesIt:      "MetalLB 会从 %[1]s 收回 %[2]s：%[3]s",
	wordOneAddress:     "一个地址",
	wordNoSelector:     "空",
}
