package infisical

import "github.com/understudy-dev/understudy/internal/kernel"

// populate adds identities with a client secret each, and secrets to the first
// project's first environment. An instance that nobody has set up stays so.
func populate(w *world, n int, from kernel.Inventor) {
	if w.Organization == (Organization{}) && len(w.Identities) == 0 {
		return
	}
	for range n {
		w.Identities = append(w.Identities, Identity{
			Name: from.Program(), Role: roleMember,
			identityInFile: identityInFile{
				UniversalAuth: &universalAuthInFile{ClientSecrets: []ClientSecret{{Description: from.Sentence()}}},
			},
		})
	}
	if len(w.Projects) == 0 || len(w.Projects[0].Holds) == 0 {
		return
	}
	into := &w.Projects[0].Holds[0]
	for range n {
		into.Secrets = append(into.Secrets, Secret{Key: from.Variable(), Value: from.Secret(32), Comment: from.Sentence()})
	}
}
