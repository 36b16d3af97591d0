package report

import "github.com/portolan-net/portolan/flow"

// The phrases of map.
const (
	phraseMapSize         flow.Code = "phrase-map-size"        // workloads, namespaces, pods
	phraseMapBy           flow.Code = "phrase-map-by"          // fold
	phraseMapChosen       flow.Code = "phrase-map-chosen"      // fold, other folds
	phraseMapCells        flow.Code = "phrase-map-cells"       // whole, partly, closed
	phraseMapUnsure       flow.Code = "phrase-map-unsure"      // how many
	phraseMapFromTo       flow.Code = "phrase-map-from-to"     // the corner of the matrix
	phraseMapTo           flow.Code = "phrase-map-to"          // column
	phraseMapPorts        flow.Code = "phrase-map-ports"       // column
	phraseMapEvery        flow.Code = "phrase-map-every"       // fold
	phraseMapAllBut       flow.Code = "phrase-map-all-but"     // names
	phraseMapAllOf        flow.Code = "phrase-map-all-of"      // namespace, how many
	phraseMapManyClosed   flow.Code = "phrase-map-many-closed" // how many
	phraseMapOthersClosed flow.Code = "phrase-map-others-closed"
	phraseMapRest         flow.Code = "phrase-map-rest"     // lines that are not shown
	phraseMapNothing      flow.Code = "phrase-map-nothing"  // no lines
	phraseMapAllPorts     flow.Code = "phrase-map-all"      // all ports
	phraseMapNotListed    flow.Code = "phrase-map-unlisted" // what is not listed is closed
	phraseMapLegend       flow.Code = "phrase-map-legend"
	phraseMapSymbols      flow.Code = "phrase-map-symbols"
	phraseMapImagined     flow.Code = "phrase-map-imagined"
	phraseMapWorld        flow.Code = "phrase-map-world"
	phraseMapFree         flow.Code = "phrase-map-free"    // who no policy isolates
	phraseMapAdmitted     flow.Code = "phrase-map-admits"  // who, ports
	phraseMapLimited      flow.Code = "phrase-map-limited" // who, ports, ranges
	phraseMapPerhaps      flow.Code = "phrase-map-perhaps" // who, ports
	phraseMapNoWorld      flow.Code = "phrase-map-no-world"
	phraseMapService      flow.Code = "phrase-map-service" // column
	phraseMapOutside      flow.Code = "phrase-map-outside"
	phraseMapNodes        flow.Code = "phrase-map-nodes"
	phraseMapPods         flow.Code = "phrase-map-pods"
	phraseMapServicesOf   flow.Code = "phrase-map-services-of" // how many, namespace
	phraseMapOf           flow.Code = "phrase-map-of"          // reached, of
	phraseMapMore         flow.Code = "phrase-map-more"
	phraseMapBehind       flow.Code = "phrase-map-behind" // endpoints, groups
	phraseMapAnywhere     flow.Code = "phrase-map-anywhere"
	phraseMapVia          flow.Code = "phrase-map-via"      // nodes
	phraseMapPodsOf       flow.Code = "phrase-map-pods-of"  // how many, namespaces
	phraseMapSelf         flow.Code = "phrase-map-self"     // how many
	phraseMapOn           flow.Code = "phrase-map-on"       // nodes
	phraseMapAllNodes     flow.Code = "phrase-map-allnodes" // how many
	phraseMapNote         flow.Code = "phrase-map-note"
	phraseMapDeclared     flow.Code = "phrase-map-declared"
	phraseMapAnswered     flow.Code = "phrase-map-answered"
	phraseMapOpen         flow.Code = "phrase-map-open"
	phraseMapHostPods     flow.Code = "phrase-map-host-pods" // how many
	phraseMapForeign      flow.Code = "phrase-map-foreign"   // kinds
	phraseMapInvented     flow.Code = "phrase-map-invented"
	phraseMapPlace        flow.Code = "phrase-map-place"

	phraseMapTitle    flow.Code = "phrase-map-title"
	phraseMapFull     flow.Code = "phrase-map-full"
	phraseMapPart     flow.Code = "phrase-map-part"
	phraseMapDoubt    flow.Code = "phrase-map-doubt"
	phraseMapNone     flow.Code = "phrase-map-none"
	phraseMapFilter   flow.Code = "phrase-map-filter"
	phraseMapMatrix   flow.Code = "phrase-map-matrix"
	phraseMapGraph    flow.Code = "phrase-map-graph"
	phraseMapSends    flow.Code = "phrase-map-sends"
	phraseMapReceives flow.Code = "phrase-map-receives"
	phraseMapBadge    flow.Code = "phrase-map-badge"
	phraseMapEndpoint flow.Code = "phrase-map-endpoint"
	phraseMapEveryone flow.Code = "phrase-map-everyone"
	phraseMapNotAsked flow.Code = "phrase-map-not-asked"
	phraseMapNoGraph  flow.Code = "phrase-map-no-graph"
	phraseMapHover    flow.Code = "phrase-map-hover"
	phraseMapAxes     flow.Code = "phrase-map-axes"

	helpMap flow.Code = "help-map"

	wordByNamespace flow.Code = "map-namespace"
	wordByWorkload  flow.Code = "map-workload"
	wordByClass     flow.Code = "map-class"
	wordByGroup     flow.Code = "map-group"
	wordMapOutside  flow.Code = "map-outside"
	wordMapNodes    flow.Code = "map-nodes"
	wordMapServices flow.Code = "map-services"
)

var englishMap = map[flow.Code]string{
	phraseMapSize:         "workloads: %[1]s, namespaces: %[2]s, pods: %[3]s",
	phraseMapBy:           "by %[1]s",
	phraseMapChosen:       "by %[1]s, for the size of it; otherwise: %[2]s",
	phraseMapCells:        "pairs of them: %[1]s open, %[2]s in part, %[3]s closed",
	phraseMapUnsure:       "of %[1]s pairs something is not known",
	phraseMapFromTo:       "FROM, TO",
	phraseMapTo:           "TO",
	phraseMapPorts:        "PORTS",
	phraseMapEvery:        "every %[1]s",
	phraseMapAllBut:       "all but %[1]s",
	phraseMapAllOf:        "all of %[1]s (%[2]s)",
	phraseMapManyClosed:   "%[1]s closed",
	phraseMapOthersClosed: "others closed",
	phraseMapRest:         "and %[1]s more lines (--all prints them)",
	phraseMapNothing:      "nothing",
	phraseMapAllPorts:     "all ports",
	phraseMapNotListed:    "what is not listed is closed",
	phraseMapLegend:       "a port alone: from all pods to all that have it; ~ from some of them, or to some; ? not known; x closed; . all closed; - nobody to ask",
	phraseMapSymbols:      "# open; ~ some ports or some pods; ? not known; . closed; - nobody to ask",
	phraseMapImagined:     "pods that do not exist yet stand with their labels",
	phraseMapWorld:        "open to every address",
	phraseMapFree:         "no policy isolates %[1]s",
	phraseMapAdmitted:     "policies of %[1]s admit everybody on %[2]s",
	phraseMapLimited:      "policies of %[1]s admit on %[2]s: %[3]s",
	phraseMapPerhaps:      "it is not known who may connect to %[1]s on %[2]s",
	phraseMapNoWorld:      "policies admit no address that is no pod's",
	phraseMapService:      "SERVICE",
	phraseMapOutside:      "OUTSIDE",
	phraseMapNodes:        "NODES",
	phraseMapPods:         "PODS",
	phraseMapServicesOf:   "Services of %[2]s (%[1]s)",
	phraseMapOf:           "%[1]s of %[2]s",
	phraseMapMore:         "more: portolan map --exposure; one of them: portolan explain svc/NAMESPACE/NAME",
	phraseMapBehind:       "endpoints: %[1]s, %[2]s",
	phraseMapAnywhere:     "everybody outside",
	phraseMapVia:          "via %[1]s",
	phraseMapPodsOf:       "pods of %[2]s (%[1]s)",
	phraseMapSelf:         "its own endpoints (%[1]s)",
	phraseMapOn:           "on %[1]s",
	phraseMapAllNodes:     "all nodes (%[1]s)",
	phraseMapNote:         "note",
	phraseMapDeclared:     "ports are those that pods declare, or all where a pod declares none; policies may have more open that nobody declares (--ports open)",
	phraseMapAnswered:     "ports are those that a pod may answer: what it declares, and of a protocol of which it declares none all",
	phraseMapOpen:         "ports are all that policies have open, whether or not anybody listens",
	phraseMapHostPods:     "pods of the host network are their nodes, and in no group: %[1]s",
	phraseMapForeign:      "not modelled, and may change the answer: %[1]s",
	phraseMapPlace:        "who is no pod asks Services: a port is one of the pods behind them; ~ where a Service answers in part, or not every pod that has the port is behind it",
	phraseMapInvented:     "addresses of pods that do not exist are not known, so neither is what an ipBlock says of them",

	phraseMapTitle:    "Who can reach what",
	phraseMapFull:     "open: every port that is there, from all to all",
	phraseMapPart:     "partly: some ports, or some pods",
	phraseMapDoubt:    "not known",
	phraseMapNone:     "closed",
	phraseMapFilter:   "filter by name",
	phraseMapMatrix:   "Matrix",
	phraseMapGraph:    "Graph",
	phraseMapSends:    "connects",
	phraseMapReceives: "is connected to",
	phraseMapBadge:    "open to every address",
	phraseMapEndpoint: "endpoints of a Service",
	phraseMapEveryone: "all of these",
	phraseMapNotAsked: "nobody to ask, or not asked for",
	phraseMapNoGraph:  "too much for a graph: name a part with -n, --from or --to",
	phraseMapHover:    "point at a cell, or go there with Tab and the arrows; click or Enter keeps it, Esc lets go",
	phraseMapAxes:     "from ↓ to →",

	helpMap: "Show who can reach what in the whole cluster",

	wordByNamespace: "namespace",
	wordByWorkload:  "workload",
	wordByClass:     "class of pods",
	wordByGroup:     "group",
	wordMapOutside:  "outside",
	wordMapNodes:    "nodes",
	wordMapServices: "Services",
}

var chineseMap = map[flow.Code]string{
	phraseMapSize:         "工作负载：%[1]s，命名空间：%[2]s，Pod：%[3]s",
	phraseMapBy:           "按%[1]s",
	phraseMapChosen:       "根据规模按%[1]s归并；也可以用：%[2]s",
	phraseMapCells:        "成对统计：全通 %[1]s，部分通 %[2]s，不通 %[3]s",
	phraseMapUnsure:       "其中 %[1]s 对有未知之处",
	phraseMapFromTo:       "来源、目标",
	phraseMapTo:           "目标",
	phraseMapPorts:        "端口",
	phraseMapEvery:        "每个%[1]s",
	phraseMapAllBut:       "除 %[1]s 之外全部",
	phraseMapAllOf:        "%[1]s 的全部（%[2]s 个）",
	phraseMapManyClosed:   "%[1]s 个不通",
	phraseMapOthersClosed: "其余不通",
	phraseMapRest:         "另有 %[1]s 行（--all 全部打印）",
	phraseMapNothing:      "没有",
	phraseMapAllPorts:     "所有端口",
	phraseMapNotListed:    "没有列出的都不通",
	phraseMapLegend:       "只写端口：所有来源 Pod 都能连到有此端口的所有目标 Pod；~ 仅部分 Pod；? 未知；x 不通；. 全部不通；- 没有可问的对象",
	phraseMapSymbols:      "# 全通；~ 部分端口或部分 Pod；? 未知；. 不通；- 没有可问的对象",
	phraseMapImagined:     "尚不存在的 Pod 以其标签表示",
	phraseMapWorld:        "对所有地址开放",
	phraseMapFree:         "没有策略隔离 %[1]s",
	phraseMapAdmitted:     "%[1]s 的策略在 %[2]s 上放行所有人",
	phraseMapLimited:      "%[1]s 的策略在 %[2]s 上放行：%[3]s",
	phraseMapPerhaps:      "谁能连接 %[1]s 的 %[2]s 尚不清楚",
	phraseMapNoWorld:      "策略没有放行任何 Pod 以外的地址",
	phraseMapService:      "SERVICE",
	phraseMapOutside:      "外部",
	phraseMapNodes:        "节点",
	phraseMapPods:         "POD",
	phraseMapServicesOf:   "%[2]s 的 Service（%[1]s）",
	phraseMapOf:           "%[1]s/%[2]s",
	phraseMapMore:         "详情：portolan map --exposure；单个 Service：portolan explain svc/NAMESPACE/NAME",
	phraseMapBehind:       "端点：%[1]s，%[2]s",
	phraseMapAnywhere:     "外部所有人",
	phraseMapVia:          "经 %[1]s",
	phraseMapPodsOf:       "%[2]s 的 Pod（%[1]s）",
	phraseMapSelf:         "它自己的 %[1]s 个端点",
	phraseMapOn:           "在 %[1]s 上",
	phraseMapAllNodes:     "全部 %[1]s 个节点",
	phraseMapNote:         "说明",
	phraseMapDeclared:     "端口是 Pod 声明的端口；一个都没声明的 Pod 视为全部；策略可能还放行了没人声明的端口（--ports open）",
	phraseMapAnswered:     "端口是 Pod 可能应答的端口：它声明的；某协议一个都没声明时为该协议全部",
	phraseMapOpen:         "端口是策略放行的全部端口，不管有没有人监听",
	phraseMapHostPods:     "使用主机网络的 Pod 就是所在节点，不属于任何一组：%[1]s 个",
	phraseMapForeign:      "没有建模、可能改变结论的对象：%[1]s",
	phraseMapPlace:        "来源不是 Pod 时经由 Service 访问：端口是 Service 背后 Pod 的端口；~ 表示 Service 只部分应答，或有此端口的 Pod 并非都在其后",
	phraseMapInvented:     "尚不存在的 Pod 没有已知地址，因此 ipBlock 是否匹配也未知",

	phraseMapTitle:    "谁能访问什么",
	phraseMapFull:     "全通：目标有的每个端口，来源和目标的所有 Pod",
	phraseMapPart:     "部分：部分端口，或部分 Pod",
	phraseMapDoubt:    "未知",
	phraseMapNone:     "不通",
	phraseMapFilter:   "按名称筛选",
	phraseMapMatrix:   "矩阵",
	phraseMapGraph:    "关系图",
	phraseMapSends:    "发起连接",
	phraseMapReceives: "被连接",
	phraseMapBadge:    "对所有地址开放",
	phraseMapEndpoint: "Service 的端点",
	phraseMapEveryone: "以下全部",
	phraseMapNotAsked: "没有可问的对象，或没有问",
	phraseMapNoGraph:  "内容太多，画不成图：用 -n、--from 或 --to 指定一部分",
	phraseMapHover:    "指向一个格子，或用 Tab 和方向键；点击或 Enter 固定，Esc 取消",
	phraseMapAxes:     "来源 ↓ 目标 →",

	helpMap: "显示整个集群里谁能访问什么",

	wordByNamespace: "命名空间",
	wordByWorkload:  "工作负载",
	wordByClass:     "Pod 类别",
	wordByGroup:     "组",
	wordMapOutside:  "外部",
	wordMapNodes:    "节点",
	wordMapServices: "Service",
}
