package infisical

import (
	"encoding/json"
	"slices"

	"github.com/bmatcuk/doublestar/v4"

	"github.com/understudy-dev/understudy/internal/kernel"
	"github.com/understudy-dev/understudy/internal/kit"
)

// What project permissions are about, as rules and refusals name it.
const (
	subjectSecrets  = "secrets"
	subjectFolders  = "secret-folders"
	subjectImports  = "secret-imports"
	subjectIdentity = "identity"
	subjectSettings = "settings"
	subjectProject  = "workspace"
	subjectRole     = "role"
)

// The actions on secrets beside create, edit and delete.
const (
	describeSecret = "describeSecret"
	readValue      = "readValue"
)

// A rule allows or, inverted, forbids actions on subjects. A later rule wins over
// those before it.
type rule struct {
	Subject    texts                `json:"subject"`
	Action     texts                `json:"action"`
	Inverted   bool                 `json:"inverted"`
	Conditions map[string]condition `json:"conditions"`
}

// texts are one text or a list of them.
type texts []string

// UnmarshalJSON reads either.
func (t *texts) UnmarshalJSON(text []byte) error {
	var one string
	if json.Unmarshal(text, &one) == nil {
		*t = texts{one}
		return nil
	}
	return json.Unmarshal(text, (*[]string)(t))
}

// A condition is what a rule asks of the environment, the folder or the name.
type condition struct {
	Equal   *string  `json:"$eq"`
	Unequal *string  `json:"$ne"`
	In      []string `json:"$in"`
	Glob    *string  `json:"$glob"`
}

// UnmarshalJSON reads a bare text as what has to be equal.
func (k *condition) UnmarshalJSON(text []byte) error {
	var one string
	if json.Unmarshal(text, &one) == nil {
		k.Equal = &one
		return nil
	}
	type plain condition
	return json.Unmarshal(text, (*plain)(k))
}

func (k condition) holds(value string) bool {
	globbed := k.Glob == nil
	if !globbed {
		matched, err := doublestar.Match(*k.Glob, value)
		globbed = matched && err == nil
	}
	return globbed && (k.Equal == nil || *k.Equal == value) && (k.Unequal == nil || *k.Unequal != value) && (k.In == nil || slices.Contains(k.In, value))
}

// spotIn is what the conditions of rules are about.
type spotIn struct{ environment, path, name string }

// fits reports whether a rule is about an action. What a condition asks of anything
// else than environment, path and name does not hold.
func (r rule) fits(action, subject string, at spotIn) bool {
	reads := action == describeSecret || action == readValue // "read" is both
	if !slices.Contains(r.Subject, subject) || !slices.Contains(r.Action, action) && (!reads || !slices.Contains(r.Action, "read")) {
		return false
	}
	for name, condition := range r.Conditions {
		value, ok := map[string]string{"environment": at.environment, "secretPath": at.path, "secretName": at.name}[name]
		if !ok || !condition.holds(value) {
			return false
		}
	}
	return true
}

// builtInRules are those of the roles that every project has, as far as they are
// about what is served; an admin may do everything.
// https://infisical.com/docs/internals/permissions/project-permissions
var builtInRules = map[string][]rule{
	roleMember: {
		{Subject: texts{subjectSecrets}, Action: texts{"read", "create", "edit", "delete"}},
		{Subject: texts{subjectFolders, subjectImports, "environments", "tags", subjectSettings, subjectIdentity}, Action: texts{"read", "create", "edit", "delete"}},
		{Subject: texts{subjectRole}, Action: texts{"read"}},
	},
	roleViewer: {
		{Subject: texts{subjectSecrets, subjectFolders, subjectImports, "environments", "tags", subjectSettings, subjectIdentity, subjectRole}, Action: texts{"read"}},
	},
}

// permit refuses a caller that may not do something in a project. What it may do
// follows from the roles and privileges that it has there; a caller that is no
// member of the project has its role in the organization, which holds in its
// projects too.
func (p *Provider) permit(c *kernel.Call, projectID, action, subject string, at spotIn) error {
	caller := callerOf(c)
	m, ok := p.memberByPlace.Get(c.Tx, key(projectID, caller.ID))
	if !ok {
		if caller.Role != roleNoAccess {
			return nil
		}
		return permissionDenied(action, subject).Because("the caller's role is %s, and it is no member of the project", caller.Role)
	}
	if admits(p.rulesOf(c, m), action, subject, at) {
		return nil
	}
	return permissionDenied(action, subject).Because("none of the caller's roles in the project allows it")
}

// permitValue is permit for those who ask to see secrets, or to see their values too.
func (p *Provider) permitValue(c *kernel.Call, projectID, view string, at spotIn) error {
	err := p.permit(c, projectID, describeSecret, subjectSecrets, at)
	if err == nil && view != "false" {
		err = p.permit(c, projectID, readValue, subjectSecrets, at)
	}
	return err
}

// sight is permitValue for the many secrets of a list: what is not in sight is left
// out.
func (p *Provider) sight(c *kernel.Call, projectID, view string) func(spotIn) bool {
	m, ok := p.memberByPlace.Get(c.Tx, key(projectID, callerOf(c).ID))
	if !ok {
		return func(spotIn) bool { return true } // the list as a whole was permitted
	}
	rules := p.rulesOf(c, m)
	return func(at spotIn) bool {
		return admits(rules, describeSecret, subjectSecrets, at) && (view == "false" || admits(rules, readValue, subjectSecrets, at))
	}
}

// admits reports whether rules allow something.
func admits(rules []rule, action, subject string, at spotIn) bool {
	allowed := false
	for _, r := range rules {
		if r.Subject == nil { // of an admin
			allowed = true
		} else if r.fits(action, subject, at) {
			allowed = !r.Inverted
		}
	}
	return allowed
}

// rulesOf are the rules of a member now: its roles', then its privileges'. A rule
// without a subject is an admin's.
func (p *Provider) rulesOf(c *kernel.Call, m projectMember) []rule {
	var rules []rule
	for _, held := range m.Roles {
		if !held.at(c.Now) {
			continue
		}
		if held.Slug == roleAdmin {
			rules = append(rules, rule{})
		}
		rules = append(rules, builtInRules[held.Slug]...)
		if own, ok := p.roleBySlug.Get(c.Tx, key(m.ProjectID, held.Slug)); ok {
			rules = append(rules, parseRules(own.Permissions)...)
		}
	}
	for _, v := range p.privilegesOf.All(c.Tx, m.ID) {
		if v.at(c.Now) {
			rules = append(rules, parseRules(v.Permissions)...)
		}
	}
	return rules
}

// parseRules reads the rules of a role or a privilege; one that is no rule says
// nothing.
func parseRules(text string) []rule {
	var each []json.RawMessage
	if json.Unmarshal([]byte(text), &each) != nil {
		return nil
	}
	var rules []rule
	for _, one := range each {
		var r rule
		if json.Unmarshal(one, &r) == nil && len(r.Subject) > 0 {
			rules = append(rules, r)
		}
	}
	return rules
}

// permitFolder is permit for what is about a folder.
func (p *Provider) permitFolder(c *kernel.Call, projectID, action, subject, environment, path string) error {
	if _, member := p.memberByPlace.Get(c.Tx, key(projectID, callerOf(c).ID)); action == "read" && !member {
		return nil // as for what everybody may read
	}
	return p.permit(c, projectID, action, subject, spotIn{environment: trim(environment), path: path})
}

// permitChange is permit for those resources that everybody may read who is no
// member of the project.
func (p *Provider) permitChange(c *kernel.Call, do kit.Action, projectID, subject string) error {
	if do == kit.Read {
		if _, ok := p.memberByPlace.Get(c.Tx, key(projectID, callerOf(c).ID)); !ok {
			return nil
		}
		return p.permit(c, projectID, "read", subject, spotIn{})
	}
	return p.permit(c, projectID, string(do), subject, spotIn{})
}
