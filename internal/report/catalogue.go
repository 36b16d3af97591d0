package report

import "github.com/portolan-net/portolan/flow"

// The catalogue is written topic by topic; each topic has its sentences in every
// language. No code stands in two topics (a test holds that).
var (
	englishTopics = []map[flow.Code]string{englishTrip, englishAddresses, englishDescribe, englishProfile, englishTriage, englishFix, englishProve, englishLint, englishLintPhrases, englishDiff, englishMap, englishLive, englishProbe, englishWatch, englishHelp}
	chineseTopics = []map[flow.Code]string{chineseTrip, chineseAddresses, chineseDescribe, chineseProfile, chineseTriage, chineseFix, chineseProve, chineseLint, chineseLintPhrases, chineseDiff, chineseMap, chineseLive, chineseProbe, chineseWatch, chineseHelp}

	english = join(englishTopics)
	chinese = join(chineseTopics)
)

// catalogues hold every sentence by code, one for each language.
var catalogues = map[Lang]map[flow.Code]string{English: english, Chinese: chinese}

func join(topics []map[flow.Code]string) map[flow.Code]string {
	all := map[flow.Code]string{}
	for _, t := range topics {
		for code, s := range t {
			all[code] = s
		}
	}
	return all
}
