package learn

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"regexp"
	"slices"
	"strings"
)

// What makes questions alike; found by trying, see the test.
const (
	alike     = 0.4  // share of common bigrams
	alikeNear = 0.2  // the same, of questions that are nearest to the same part
	within    = 0.75 // share of the shorter one's bigrams that the longer one has
	fewest    = 2    // bigrams that must be common for that
)

// A cluster is a group in the making. Its first question, the latest one, stands for
// it.
type cluster struct {
	*Group
	grams map[string]bool
}

// group puts alike questions together, the largest group first. Those that the
// knowledge base takes for the same topic are alike; others by their words. Each
// joins the first group that it is like.
func (l *Library) group(ctx context.Context, list []miss, skip map[string]bool) (out []*Group, err error) {
	var clusters []cluster
	in := make(map[string]int) // cluster of a question that was seen, by its canonical form
	for _, m := range slices.Backward(list) {
		canon := l.Canon(m.text)
		if n := len([]rune(m.text)); canon == "" || skip[canon] || n < 2 || n > longest {
			continue
		}
		i, seen := in[canon]
		if !seen {
			id := sha256.Sum256([]byte(canon))
			c := cluster{&Group{ID: hex.EncodeToString(id[:8]), Texts: []string{m.text}, First: m.at, Last: m.at}, bigrams(subject(canon))}
			if err := l.near(ctx, c.Group); err != nil {
				return nil, err
			}
			if i = slices.IndexFunc(clusters, c.like); i < 0 {
				i, clusters = len(clusters), append(clusters, c)
			}
			in[canon] = i
		}
		g := clusters[i].Group
		g.Count++
		if g.First.After(m.at) {
			g.First = m.at
		}
		if len(g.Texts) < maxTexts && !slices.Contains(g.Texts, m.text) {
			g.Texts = append(g.Texts, m.text)
		}
	}
	for _, c := range clusters {
		out = append(out, c.Group)
	}
	slices.SortStableFunc(out, func(a, b *Group) int { return cmp.Or(b.Count-a.Count, b.Last.Compare(a.Last)) })
	return out, nil
}

func (c cluster) like(o cluster) bool {
	if c.Topic != "" && c.Topic == o.Topic {
		return true
	}
	both := 0
	for g := range c.grams {
		if o.grams[g] {
			both++
		}
	}
	share := float64(both) / float64(max(1, len(c.grams)+len(o.grams)-both))
	return share >= alike || c.Near != "" && c.Near == o.Near && share >= alikeNear ||
		both >= fewest && float64(both) >= within*float64(min(len(c.grams), len(o.grams)))
}

// asking are words of many questions that tell nothing about their subject.
var asking = strings.NewReplacer("请问", "", "怎么样", "", "怎么", "", "怎样", "", "如何", "", "能不能", "", "可不可以", "", "可以", "", "是不是", "", "为什么", "", "什么", "",
	"我想", "", "我要", "", "帮我", "", "你们", "", "一下", "", "吗", "", "呢", "", "啊", "", "吧", "", "呀", "", "的", "", "了", "")

// subject is what is left of a question without such words; all of it if that is
// nearly nothing.
func subject(canon string) string {
	if s := asking.Replace(canon); len([]rune(s)) >= 2 {
		return s
	}
	return canon
}

func bigrams(s string) map[string]bool {
	r := []rune(s)
	out := map[string]bool{}
	for i := range len(r) - 1 {
		out[string(r[i:i+2])] = true
	}
	if len(r) == 1 {
		out[s] = true
	}
	return out
}

var maskedForm = regexp.MustCompile(`[0-9A-Za-z@._-]*\*{3,}[0-9A-Za-z@._-]*`)

const maxPhrasings = 20

// phrasings are the questions of a group as content: without what was masked in
// them.
func (g *Group) phrasings() (out []string) {
	for _, t := range g.Texts {
		t = strings.TrimSpace(maskedForm.ReplaceAllString(t, ""))
		if len([]rune(t)) >= 2 && !slices.Contains(out, t) && len(out) < maxPhrasings {
			out = append(out, t)
		}
	}
	return out
}
