package flows

// Says tells what a text is as a person's name, in one sign and the name.
func (n *Names) Says(text string) string {
	name, v := n.personName(text)
	return map[verdict]string{fits: "=" + name, unsure: "?", partial: "…", wrong: "-"}[v]
}
