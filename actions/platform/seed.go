package platform

// Seed is records to begin with: demonstrations and tests. Their states need
// not be first ones, and their ids are kept.
type Seed struct {
	Accounts       []Account
	Enterprises    []Enterprise
	Certifications []Certification
	Certificates   []Certificate
	Members        []Member
	Roles          []Role
	Seals          []Seal
	SealGrants     []SealGrant
	Contracts      []Contract
	Templates      []Template
	Reviews        []ReviewTask
	Links          []ShortLink
}

// Import saves the records of a seed. They must satisfy the invariants.
func (t *Tx) Import(s *Seed) error {
	defer t.in("import")()
	t.seeding = true
	defer func() { t.seeding = false }()
	saveAll(t, accounts, s.Accounts)
	saveAll(t, enterprises, s.Enterprises)
	saveAll(t, certifications, s.Certifications)
	saveAll(t, certificates, s.Certificates)
	saveAll(t, members, s.Members)
	saveAll(t, roles, s.Roles)
	saveAll(t, seals, s.Seals)
	saveAll(t, sealGrants, s.SealGrants)
	saveAll(t, contracts, s.Contracts)
	saveAll(t, templates, s.Templates)
	saveAll(t, reviews, s.Reviews)
	saveAll(t, links, s.Links)
	return t.err
}

func saveAll[K ~string, T any, P recordOf[T]](t *Tx, tb table[K, T, P], recs []T) {
	for i := range recs {
		tb.save(t, &recs[i])
	}
}

// HashID is the keyed hash under which ID numbers are kept, for seeds.
func (p *Platform) HashID(id string) string { return p.hashID(id) }

// IsEmpty reports whether there are no accounts: nothing was imported yet.
func (t *Tx) IsEmpty() bool {
	return len(accounts.all(t)) == 0
}
