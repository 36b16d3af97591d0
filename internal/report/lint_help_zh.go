package report

import "github.com/portolan-net/portolan/check"

// chineseLintHelp says what each code of lint is, why it matters and what to do in Chinese.
var chineseLintHelp = map[check.Code]LintHelp{
	check.PortIsServicePort: {
		What: "规则放行了 Service 的端口，而 Pod 监听的是另一个端口",
		Why:  "策略在 Service 转换之后判断，看到的是 Pod 监听的端口；Service 自己的端口不会出现在那里",
		Do:   "在规则里写目标端口（数字，或容器端口的名称）",
	},
	check.PortIsNodePort: {
		What: "规则写的是节点端口",
		Why:  "节点端口在第一个节点上就被转换；策略只会看到目标端口",
		Do:   "改写为目标端口，并删去节点端口",
	},
	check.NameUnknown: {
		What: "规则放行的端口名称没有 Pod 拥有",
		Why:  "名称在提供服务的每个 Pod 的容器端口中查找；找不到就什么也不放行，也没有提示",
		Do:   "给容器端口起这个名称，或改写数字",
	},
	check.NameTowardBlock: {
		What: "对 ipBlock 使用端口名称，对外部什么也不放行",
		Why:  "名称在被访问的 Pod 上查找；集群外的地址不是 Pod",
		Do:   "改写端口数字",
	},
	check.TypesIgnoreRules: {
		What: "规则写在 policyTypes 没有列出的方向",
		Why:  "只有 policyTypes 列出的方向有效；其余规则会被保存，但没有谁读取",
		Do:   "把该方向加入 policyTypes，或删除这些规则",
	},
	check.EmptyList: {
		What: "空的对端或端口列表表示一切",
		Why:  "from: [] 和 ports: [] 等于不写：规则对所有人或所有端口有效；模板渲染为空时，策略就这样被打开",
		Do:   "若确实指一切，就不要写这个列表；若什么都不指，就删除这条规则",
	},
	check.NameContradicts: {
		What: "策略的名称与效果相反",
		Why:  "人们按名称启用策略；没有规则的 allow-all 会拒绝一切，因为策略隔离它选中的 Pod，只有规则才放行",
		Do:   "要允许一切，写 ingress: [{}] 和 egress: [{}]；否则请改名",
	},
	check.BlockIsEmpty: {
		What: "ipBlock 的例外把它全部排除",
		Why:  "地址必须在范围之内且不在任何例外之中；这里一个也没有剩下",
		Do:   "缩小例外，或删除这一项",
	},
	check.RuleShadowed: {
		What: "规则所允许的内容，同一策略的另一条规则已经允许",
		Why:  "规则只会叠加，较窄的那条没有作用；往往是较宽的那条本该更窄",
		Do:   "删除这条规则，或收窄较宽的那条",
	},
	check.Duplicate: {
		What: "同一命名空间的两条策略内容相同",
		Why:  "其中一条没有作用，而且只改其中一条看起来不会生效",
		Do:   "删除其中一条",
	},
	check.WithoutEffect: {
		What: "策略所限制的 Pod 已被另一条策略完全放开",
		Why:  "策略只会叠加：一条所允许的，另一条无法收回，因此限制无效",
		Do:   "删除或收窄放开的那条策略，或删除这一条",
	},
	check.OneFamily: {
		What: "规则只写了一个地址族的全部地址",
		Why:  "0.0.0.0/0 不含 IPv6 地址，::/0 不含 IPv4 地址；双栈客户端两种都会用，其中一种会失败或挂起",
		Do:   "补上另一个地址族的范围，或不写对端",
	},
	check.InternetOpens: {
		What: "为互联网写的范围也包含集群自身",
		Why:  "0.0.0.0/0 是所有地址；多数实现也用它匹配 Pod 和节点（Cilium 不会）",
		Do:   "若只指外部，用 except 排除 Pod、节点和 Service 的范围",
	},
	check.NotEnforced: {
		What: "没有谁执行这些策略",
		Why:  "检测到的 Pod 网络没有策略执行者；NetworkPolicy 只是被保存，不起作用",
		Do:   "安装策略执行者，或在 Fabric 中说明用的是哪一种",
	},
	check.MatchesNothing: {
		What: "选择器没有匹配任何对象，而有相近者",
		Why:  "选择器不匹配任何对象，API 服务器也不会报错；规则只是永远不生效",
		Do:   "按 Pod 或命名空间实际的标签来写",
	},
	check.SelectsNobody: {
		What: "策略没有选中任何 Pod",
		Why:  "目前这条策略不起作用；也许副本数为零，也许工作负载已经删除",
		Do:   "若工作负载已不存在，删除这条策略",
	},
	check.NeedsNamespace: {
		What: "单独的 podSelector 只指策略自己的命名空间",
		Why:  "只有 podSelector 的对端从不包括其他命名空间的 Pod",
		Do:   "在同一项里加上 namespaceSelector，例如 kubernetes.io/metadata.name",
	},
	check.HoldsPodLabels: {
		What: "namespaceSelector 里写的是 Pod 的标签",
		Why:  "namespaceSelector 与 Namespace 对象的标签比较，而不是其中 Pod 的标签",
		Do:   "把这些标签移入 podSelector，并用 kubernetes.io/metadata.name 选择命名空间",
	},
	check.MeantAnd: {
		What: "写成两项，原意多半是一项中两个选择器",
		Why:  "每个短横线都是一个可选项（或）：单独的 namespaceSelector 放行那些命名空间的所有 Pod，比看上去多",
		Do:   "把两个选择器写进同一项：一个短横线，两个字段",
	},
	check.NeverSNAT: {
		What: "选择器指的是转发报文的 Pod，而不是发送者",
		Why:  "kube-proxy 之类不是发送者：经它转换的报文保留客户端地址，或换成节点地址，二者都不是 Pod 的地址",
		Do:   "放行端口而不写 from，或在 externalTrafficPolicy 为 Local 时写客户端地址",
	},
	check.PeerHost: {
		What: "对端只选中使用节点网络的 Pod",
		Why:  "hostNetwork 的 Pod 使用节点的地址；执行者把它当作节点，选择器不会匹配它",
		Do:   "改用节点地址的 ipBlock，或对这个端口不写对端",
	},
	check.OnlyHostSubjects: {
		What: "策略只选中使用节点网络的 Pod",
		Why:  "API 没有定义策略对 hostNetwork Pod 的作用，执行者都不管它们：这条策略不起作用",
		Do:   "用主机防火墙保护这类 Pod；删除这条策略",
	},
	check.HostSubjects: {
		What: "策略还选中了使用节点网络的 Pod",
		Why:  "执行者不管 hostNetwork 的 Pod，因此它们保持开放",
		Do:   "若有必要，用主机防火墙保护它们",
	},
	check.DNSBlocked: {
		What: "Pod 可以连接别处，却不能解析名称",
		Why:  "出站策略会拒绝没有写到的一切，包括 DNS；应用报告的是未知主机，或缓慢的超时",
		Do:   "放行到 DNS Pod（命名空间 kube-system，k8s-app: kube-dns）的 53/udp 和 53/tcp",
	},
	check.DNSMissed: {
		What: "为 DNS 写的规则没有到达 DNS Pod",
		Why:  "DNS Pod 监听的可能不是 53（OpenShift 是 5353），或标签与规则不同",
		Do:   "按 DNS Pod 的标签，放行它们监听的端口",
	},
	check.NodeLocalDNS: {
		What: "为 DNS 写的规则不包括 NodeLocal DNSCache",
		Why:  "该缓存使用 hostNetwork，在 Pod 自己的节点上以 169.254.20.10 和 DNS Service 的地址应答；podSelector 都不指它",
		Do:   "为 169.254.20.10/32 和 DNS Service 的 cluster IP 加上 ipBlock，端口 53",
	},
	check.ClientBlock: {
		What: "客户端的 ipBlock 因 SNAT 失效",
		Why:  "externalTrafficPolicy 为 Cluster 时，从没有后端的节点进入的客户端以该节点的身份出现；这个范围至多放行恰好从 Pod 所在节点进入的客户端",
		Do:   "设 externalTrafficPolicy: Local；或放行端口而不写 from，用 loadBalancerSourceRanges 限制客户端",
	},
	check.NodeBlockOpens: {
		What: "放行节点的范围等于把 Service 开放给所有人",
		Why:  "经 Service 来的都被伪装成节点的地址，因此这个范围指所有人",
		Do:   "若就是此意，不写 from 更明白；否则设 externalTrafficPolicy: Local 并写出客户端",
	},
	check.NodeBlockMiss: {
		What: "放行节点的范围并不能放行它们转发的流量",
		Why:  "在隧道或网桥上，节点用该设备的地址伪装，它属于 Pod 范围而不是节点范围",
		Do:   "放行端口而不写 from；或设 externalTrafficPolicy: Local 并写出客户端",
	},
	check.BlockIsService: {
		What: "出站 ipBlock 指的是本集群的 Service",
		Why:  "该地址在策略判断之前已转换为 Pod 的地址，因此这个范围永远不匹配",
		Do:   "选择 Service 后面的 Pod 和目标端口；API 服务器则用其端点的地址和端口",
	},
	check.ClosedBalancer: {
		What: "负载均衡后面的 Pod 不放行任何外部来源",
		Why:  "客户端以自己的地址或伪装它的节点的地址到来，选择器都不指它们；在 Pod 所在节点上能用并不说明问题，因为节点自己的进程从不被判断",
		Do:   "portolan fix external svc/NAMESPACE/NAME:PORT 会打印能放行它的最小策略；若本不该从外部访问，把 Service 改为 ClusterIP",
	},
	check.ClosedNodePort: {
		What: "节点端口后面的 Pod 不放行任何外部来源",
		Why:  "经节点端口来的带着客户端的地址或伪装它的节点的地址，选择器都不指它们",
		Do:   "放行目标端口而不写 from；若本不该从外部访问，把 Service 改为 ClusterIP",
	},
	check.WebhookBlocked: {
		What: "API 服务器无法访问 webhook",
		Why:  "API 服务器从控制面节点或集群外发起调用；平时没有症状，直到下一次写对象，那时每个请求都会失败或等到超时",
		Do:   "放行 webhook 的目标端口而不写 from",
	},
	check.SamePortNeeded: {
		What: "执行者要求 Service 端口与目标端口相同",
		Why:  "它在 Service 转换之前判断出站流量，因此针对 Pod 端口的规则对 Service 端口无效",
		Do:   "使 port 与 targetPort 相同，或两者都放行",
	},
	check.SelectsNothing: {
		What: "Service 没有选中任何 Pod",
		Why:  "没有后端，所有连接都会被拒绝",
		Do:   "使选择器与 Pod 模板的标签一致",
	},
	check.TargetUnknown: {
		What: "Service 的目标端口名称在它的 Pod 中不存在",
		Why:  "没有这个容器端口名称的 Pod 不会成为后端；一个都没有时，连接会被拒绝",
		Do:   "给容器端口起这个名称，或改写数字",
	},
	check.NobodyListens: {
		What: "Service 的目标端口没有被它的任何 Pod 声明",
		Why:  "容器不必声明端口，但这些 Pod 声明了别的端口：多半是目标端口写错了",
		Do:   "改正 targetPort，或声明该端口",
	},
	check.NotDeclared: {
		What: "Service 的目标端口不在它的 Pod 声明的端口之中",
		Why:  "容器不必声明端口，因此可能没有问题；若不对，连接会被拒绝",
		Do:   "声明该端口，便于后来的人了解；或改正 targetPort",
	},
	check.PodLacksPort: {
		What: "Service 的部分 Pod 没有它的端口",
		Why:  "选择器比应用更宽：一部分连接会落到没有监听的 Pod，或某个端口的后端比看上去少",
		Do:   "在选择器中加上只有正确的 Pod 才有的标签",
	},
	check.MixesPorts: {
		What: "用同一选择器共用地址的 Service 混用了 Pod",
		Why:  "MetalLB 只允许选中同样 Pod 的 Local Service 共用地址，于是有人放宽选择器；这样每个 Service 也会发往另一个的 Pod",
		Do:   "用 externalTrafficPolicy: Cluster 和各自的选择器，或用两个地址",
	},
	check.ForeignPods: {
		What: "Service 选中了不同应用的 Pod",
		Why:  "app: web 之类的标签用了两次，两边都会分到对方的连接",
		Do:   "在选择器中加上能区分它们的标签",
	},
	check.InternalLocal: {
		What: "internalTrafficPolicy 为 Local，而有的节点没有后端",
		Why:  "Local 不会离开节点：没有后端的节点上，发往 cluster IP 的报文被静默丢弃",
		Do:   "在每个节点上运行后端（DaemonSet），或用 trafficDistribution: PreferSameNode",
	},
	check.ExternalLocal: {
		What: "路由器把客户端送到没有后端的节点",
		Why:  "externalTrafficPolicy 为 Local 时，节点只用自己的后端，其余静默丢弃；静态路由不会随 Pod 变化",
		Do:   "用 BGP 或二层通告地址，在这些节点上都运行后端，或改用 Cluster",
	},
	check.NodePortTwice: {
		What: "两个 Service 要用同一个节点端口",
		Why:  "节点端口在集群中只属于一个 Service；谁先创建谁得到",
		Do:   "给其中一个换号，或不写",
	},
	check.HeadlessPort: {
		What: "headless Service 不转换端口",
		Why:  "它的名称解析为 Pod 地址，使用 Service 端口的客户端面对的是 Pod 自己的端口",
		Do:   "使 port 等于 targetPort，或让客户端使用 SRV 记录",
	},
	check.RangesLeaveOpen: {
		What: "来源范围不限制节点端口和 externalIPs",
		Why:  "代理只对负载均衡地址检查 loadBalancerSourceRanges",
		Do:   "设 allocateLoadBalancerNodePorts: false，或同时用策略或防火墙限制",
	},
	check.RangesOnOne: {
		What: "共用一个地址的 Service 中只有部分限制来源",
		Why:  "范围属于 Service 的端口，而不属于地址；kube-proxy 的 IPVS 模式曾混淆二者（kubernetes#119791）",
		Do:   "给每个共用者设置范围，或各用一个地址",
	},
	check.WebhookNoService: {
		What: "API 服务器要调用的 Service 不存在",
		Why:  "缺少 Service 的 webhook 或聚合 API 会让每个请求失败或等待",
		Do:   "改正引用，或删除遗留的注册",
	},
	check.UnknownAnnotation: {
		What: "注解与 MetalLB 的相近但不相同",
		Why:  "注解从不被检查：写错了就没有谁理会",
		Do:   "按 MetalLB 识别的写法改正",
	},
	check.SharingPolicies: {
		What: "共用地址的 Service 流量策略不同",
		Why:  "路由以整个地址为单位；Local 要求只送到有相应 Pod 的节点，因此 MetalLB 拒绝第二个 Service，它会一直 pending 或失去地址",
		Do:   "统一 externalTrafficPolicy，或用两个地址",
	},
	check.SharingSelectors: {
		What: "共用地址的 Local Service 选择器不同",
		Why:  "Local 时地址只送到有该 Service 的 Pod 的节点；两组 Pod 就需要两组节点",
		Do:   "用 externalTrafficPolicy: Cluster、相同的选择器，或两个地址",
	},
	check.SharingPorts: {
		What: "两个 Service 要用同一地址的同一端口",
		Why:  "一个地址的一个端口只通向一个 Service；MetalLB 拒绝第二个",
		Do:   "改其中一个端口，或用两个地址",
	},
	check.SharingKeyMissing: {
		What: "两个 Service 要用同一地址却没有共同的共享键",
		Why:  "除非都带有相同的共享键，MetalLB 只把地址给一个 Service；第二个一直 pending",
		Do:   "给两者加上相同的 metallb.io/allow-shared-ip，或请求不同的地址",
	},
	check.SharingNamespaces: {
		What: "共享键在多个命名空间中使用",
		Why:  "能创建 Service 且知道共享键的人都可以在这个地址上占用端口",
		Do:   "使用别人猜不到的键，或用 serviceAllocation 把地址池限定到命名空间",
	},
	check.SharingNoSelector: {
		What: "Local 的共用者没有选择器",
		Why:  "MetalLB 按文本比较选择器；空文本等同 Cluster，因此它会与 Cluster 的 Service 共用地址，而客户端会被送到没有它后端的节点",
		Do:   "用 Cluster，或单独的地址",
	},
	check.LosesAddress: {
		What: "MetalLB 会收回 Service 的地址",
		Why:  "控制器下次处理时，Service 的要求与它已有的不再相符：它会得到别的地址，或一直 pending",
		Do:   "撤销原因中所说的改动，或为新地址做好准备",
	},
	check.RequestRefused: {
		What: "Service 请求的地址不会得到满足",
		Why:  "无法满足的请求不会换成别的地址：Service 会一直 pending",
		Do:   "改正请求，或改正地址池",
	},
	check.BalancerPending: {
		What: "没有地址池能给 Service 地址",
		Why:  "在有空闲地址或合适的地址池之前，Service 会一直 pending",
		Do:   "扩大或增加地址池，或让 Service 指定一个",
	},
	check.NotAnnounced: {
		What: "Service 有地址，但没有节点通告",
		Why:  "地址已分配，却没有节点告诉路由器或应答：从外部看什么也没有",
		Do:   "改正原因中所说的通告",
	},
	check.PoolNotAnnounced: {
		What: "没有通告选中地址池",
		Why:  "自 MetalLB 0.13 起，只有被 L2Advertisement 或 BGPAdvertisement 选中的地址池才会被通告",
		Do:   "加一个通告；没有 spec 的通告适用于所有地址池",
	},
	check.PoolsOverlap: {
		What: "两个地址池包含相同的地址",
		Why:  "MetalLB 会拒绝整份配置，继续使用上一份有效配置，之后的改动也不会生效",
		Do:   "使各范围互不重叠",
	},
	check.NoNodeForBalancers: {
		What: "没有节点可供负载均衡使用",
		Why:  "未就绪的节点，或带有 exclude-from-external-load-balancers 标签的节点（控制面节点常有）不会通告",
		Do:   "去掉某个节点上的标签",
	},
	check.ObjectRefused: {
		What: "目录中的文件含有 API 服务器会拒绝的内容",
		Why:  "该文件其余部分没有检查，应用它的人会得到同样的错误",
		Do:   "改正该对象",
	},
	check.DocumentSkipped: {
		What: "目录中的文件没有作为对象读取",
		Why:  "补丁、模板、values 文件和同一对象的第二个版本本身不说明集群；它们会带来的改动没有检查",
		Do:   "检查实际应用的内容：kubectl kustomize DIR | portolan lint -f -，或 helm template CHART | portolan lint -f -",
	},
	check.UnknownField: {
		What: "API 不认识的字段",
		Why:  "API 服务器会静默丢弃它，或拒绝该对象，取决于请求方式",
		Do:   "改正拼写或缩进",
	},
	check.HostBits: {
		What: "掩码之后仍有置位的范围",
		Why:  "10.0.0.1/24 会被当作 10.0.0.0/24；新的 API 服务器会拒绝",
		Do:   "写范围的第一个地址，单个地址则用 /32",
	},
	check.IgnoreInvalid: {
		What: "应当屏蔽发现的注解没有生效",
		Why:  "屏蔽需要已知的代码和理由，以便以后判断是否仍然成立",
		Do:   "写成 portolan.dev/ignore: CODE 理由",
	},
}
