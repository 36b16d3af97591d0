package report

import "github.com/portolan-net/portolan/flow"

// englishDiff is the topic of what an upgrade takes and gives.
var englishDiff = map[flow.Code]string{
	phraseDiffLost:    "LOST",
	phraseDiffGained:  "GAINED",
	phraseDiffPerhaps: "perhaps, it is not known for certain: %[1]s",
	phraseDiffBy:      "by",
	phraseDiffOrBy:    "or by",
	phraseDiffStill:   "still",
	phraseDiffTry:     "try",

	phraseDiffFrom:     "from %[1]s",
	phraseDiffAnd:      "%[1]s and %[2]s",
	phraseDiffBeside:   "%[1]s at the same address, unaffected",
	phraseDiffOutside:  "outside",
	phraseDiffClients:  "outside (%[1]s)",
	phraseDiffEntering: "%[1]s where it enters at %[2]s",
	phraseDiffNodes:    "%[1]s of %[2]s nodes (%[3]s)",
	phraseDiffAllNodes: "all %[1]s nodes",
	phraseDiffAllPods:  "all pods",
	phraseDiffPodsOf:   "pods of %[1]s",
	phraseDiffAlike:    "%[1]s and %[2]s alike",
	phraseDiffOn:       "%[1]s on %[2]s",
	phraseDiffFronts:   "%[1]s (by %[2]s)",
	phraseDiffPartly:   "%[1]s in part (%[2]s of %[3]s ways work)",
	phraseDiffMoved:    "its address is no longer %[1]s but %[2]s",
	phraseDiffOthers:   "addresses that are no pod's",
	phraseDiffLink:     "%[1]s -> %[2]s: %[3]s",
	phraseDiffAnyPort:  "every port",

	phraseDiffAdded:    "%[1]s (added)",
	phraseDiffRemoved:  "%[1]s (removed)",
	phraseDiffChanged:  "%[1]s (%[2]s)",
	phraseDiffTogether: "%[1]s, only together",
	phraseDiffNobody:   "no object was found that did it",
	phraseDiffMore:     "and something more, which was not found",

	phraseDiffNothing:  "nothing is lost and nothing gained",
	phraseDiffGone:     "gone",
	phraseDiffCome:     "new",
	phraseDiffSum:      "Service ports: %[1]s lost, %[2]s gained, %[3]s unaffected; objects that differ: %[4]s",
	phraseDiffPods:     "between pods: %[1]s lost, %[2]s gained",
	phraseDiffFolded:   "%[1]s more with the same cause, by the pods' own addresses: -v",
	phraseDiffObjects:  "differ",
	phraseDiffGateLost: "lost %[1]s, by %[2]s",
	phraseDiffGateGot:  "gained %[1]s, by %[2]s",

	phraseDiffRuleServiceLost:   "A Service no longer answers somebody",
	phraseDiffRuleServiceGained: "A Service answers somebody it did not answer before",
	phraseDiffRulePodsLost:      "Pods can no longer connect, or be connected to",
	phraseDiffRulePodsGained:    "Pods can connect, or be connected to, where they could not before",
	phraseDiffWhyLost:           "What worked before the change does not work after it; the client notices, not the one who applies it",
	phraseDiffWhyGained:         "What was closed before the change is open after it",
	phraseDiffDo:                "If it is not meant, look at the object named: the old version with that change alone shows it",
}
