package main

import (
	"bytes"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"go.yaml.in/yaml/v3"

	"github.com/understudy-dev/understudy/emulator"
)

// TestWorldSchema holds worlds to the published schema with a library of its own:
// what understudy world prints fits, and what the schema refuses no server takes,
// but names the line.
func TestWorldSchema(t *testing.T) {
	printed := understudy(t, "world", "--schema")
	printed.check(t, 0, `"$schema": "https://json-schema.org/draft/2020-12/schema"`, "")
	document, err := jsonschema.UnmarshalJSON(strings.NewReader(printed.out))
	if err != nil {
		t.Fatal(err)
	}
	compiler := jsonschema.NewCompiler()
	compiler.AssertFormat()
	if err := compiler.AddResource("world.json", document); err != nil {
		t.Fatal(err)
	}
	schema, err := compiler.Compile("world.json")
	if err != nil {
		t.Fatal(err)
	}
	validate := func(text string) error {
		var value any
		if err := yaml.NewDecoder(bytes.NewReader([]byte(text))).Decode(&value); err != nil {
			t.Fatal(err)
		}
		return schema.Validate(value)
	}
	world := understudy(t, "world")
	if err := validate(world.out); err != nil {
		t.Errorf("the default world does not fit: %v", err)
	}
	const identity = "infisical:\n  identities:\n    - name: a\n      "
	for name, test := range map[string]struct{ world, want string }{
		"unknown key":  {"seed: a\nsed: b\n", "line 2: /sed: unknown sed"},
		"missing":      {"seed: a\ninfisical:\n  identities:\n    - role: admin\n", "line 4: /infisical/identities/0/name: missing"},
		"type":         {"infisical:\n  - a\n", "line 2: /infisical: not of type object but array"},
		"null":         {"seed: a\nworkos:\n", "line 2: /workos: not of type object but null"},
		"minimum":      {identity + "tokenAuth:\n        accessTokenTTL: -1\n", "line 5: /infisical/identities/0/tokenAuth/accessTokenTTL: breaks minimum 0"},
		"maximum":      {identity + "tokenAuth:\n        accessTokenTTL: 315360001\n", "line 5: /infisical/identities/0/tokenAuth/accessTokenTTL: breaks maximum 315360000"},
		"not integer":  {identity + "tokenAuth:\n        accessTokenTTL: 1.5\n", "line 5: /infisical/identities/0/tokenAuth/accessTokenTTL: not of type integer but number"},
		"minLength":    {"contract: live\nseed: \"\"\n", "line 2: /seed: breaks minLength 1"},
		"maxLength":    {"ocs:\n  tenants:\n    - roles:\n        - name: " + strings.Repeat("a", 129) + "\n", "line 4: /ocs/tenants/0/roles/0/name: breaks maxLength 128"},
		"maxItems":     {"workos:\n  applications:\n    - name: a\n      clientSecrets:\n        [{}, {}, {}, {}, {}, {}]\n", "line 5: /workos/applications/0/clientSecrets: breaks maxItems 5"},
		"enum":         {"seed: a\ncontract: both\n", "line 2: /contract: not one of [documented live]"},
		"format":       {"seed: a\nclock: noon\n", "line 2: /clock: breaks format"},
		"uuid":         {identity + "id: one\n", "line 4: /infisical/identities/0/id: breaks format"},
		"by reference": {"zitadel:\n  organizations:\n    - name: a\n      projects:\n        - name: \"\"\n", "line 5: /zitadel/organizations/0/projects/0/name: breaks minLength 1"},
	} {
		t.Run(name, func(t *testing.T) {
			if validate(test.world) == nil {
				t.Error("the schema allows it")
			}
			_, err := local(emulator.WithWorld(strings.NewReader(test.world)))
			if want := "emulator: world file, " + test.want; err == nil || err.Error() != want {
				t.Errorf("error %v, want %s", err, want)
			}
		})
	}
	for name, test := range map[string]struct{ world, want string }{
		"no number of JSON":   {"seed: a\nclock: .nan\n", "world file: line 2: json: unsupported value: NaN"},
		"a key twice":         {"seed: a\nseed: b\n", `world file: line 2: the key "seed" is there twice`},
		"unknown setting":     {"settings:\n  workos:\n    rat: 1\n", `world file, line 3: /settings/workos/rat: workos has no setting "rat"; it has [tokenLifetime rateLimit signIn publicUrl unknownKeys]`},
		"bad setting":         {"settings:\n  workos:\n    rateLimit: -1\n", "world file, line 3: /settings/workos/rateLimit: workos.rateLimit: -1 is negative"},
		"settings of nothing": {"seed: a\nsettings:\n  nobody: {}\n", "world file, line 3: /settings/nobody: there is no such provider here"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := local(emulator.WithWorld(strings.NewReader(test.world)))
			if want := "emulator: " + test.want; err == nil || err.Error() != want {
				t.Errorf("error %v, want %s", err, want)
			}
		})
	}
}
