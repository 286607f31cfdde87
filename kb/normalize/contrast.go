package normalize

import (
	"fmt"
	"io/fs"
	"strings"
)

// twoNames is the concept of a text in which two names of a company are contrasted.
const twoNames = "twonames"

// readContrast reads the lists of words by which names are contrasted.
func readContrast(words fs.FS) (map[string][]string, error) {
	lists := make(map[string][]string)
	err := readTable(words, fileContrast, func(line string) error {
		name, list, ok := strings.Cut(line, ":")
		if !ok {
			return fmt.Errorf("want name: words, got %q", line)
		}
		lists[name] = strings.Fields(list)
		return nil
	})
	return lists, err
}

// contrasts reports whether canonical text sets the name of a company against another.
func (n *Normalizer) contrasts(canon string) bool {
	has := func(list string) bool { return containsAny(canon, n.contrast[list]) != "" }
	if strings.Count(canon, Company) > 1 && has("contract") {
		return !has("changed")
	}
	return (has("theirs") && has("ours") || has("contract") && has("differs")) && !has("changed")
}
