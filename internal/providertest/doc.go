// Package providertest is the suite that every provider must pass. A provider
// plugs in with one test file of its own:
//
//	func option() emulator.Option { return provider.New() }
//
//	func TestScripts(t *testing.T) { providertest.Scripts(t, "../../testdata/script/<provider>", option) }
//	func TestProvider(t *testing.T) { providertest.Run(t, option) }
//
// Run holds the provider to what its document promises whatever it is about.
// Scripts runs conversations with it and compares every byte it answers. A
// History is a random one, held to a model of the provider.
//
// # Scripts
//
// A script is a txtar file for testscript. It talks to an emulator of its own,
// whose seed is "script" and whose clock stands at 2024-06-01T00:00:00Z, so that
// identifiers, secrets and signed tokens are the same in every run. The
// credentials of the default world are environment variables, and so is url,
// the address that requests come by. Beside the commands of testscript there are:
//
//	http [-anon] [-as NAME] [-H 'Name: value']... [-d BODY | -d @FILE] [-changes] [-show HEADER]... METHOD PATH
//		Sends a request and prints the status, the headers that matter and the
//		body. It succeeds on 2xx; "! http" stands for any other answer or none,
//		and then fails when the provider's state has changed, or with -changes
//		when it has not. The default world's access token is sent unless -as
//		names a variable with another, -anon or an Authorization header is given.
//		A body is sent as JSON unless there is a Content-Type header; an empty one
//		sends none. -show prints one more header. In single quotes nothing is expanded, so a body with a variable
//		in it is written without them and without spaces.
//	json NAME POINTER
//		Sets a variable to a value of the last body.
//	header NAME HEADER
//		Sets a variable to a header of the last answer.
//	match NAME PATTERN
//		Sets a variable to the one group of a regular expression, in the last
//		answer's Location or its body.
//	escape NAME VALUE
//		Sets a variable to a value as a form or a query has it.
//	verify NAME PATH
//		Verifies the JWT in a variable against the key set at a path and by the
//		clock, and prints its claims.
//	set NAME=VALUE
//		Changes a setting of the provider.
//	advance DURATION
//	clock TIME
//		Move the clock.
//	fault OPERATION KEY[=VALUE]...
//		Makes the next call of an operation fail; the keys are those of the
//		control API. An operation is its line in the document, quoted.
//	clearfaults
//	journal OPERATION N
//		Fails unless the journal has N entries for the operation.
//	contract live|documented
//		Starts over in another contract. It must come before any request.
//	world FILE
//		Starts over with the world of a file, with the same seed and clock. It must
//		come before any request. The variables are the new world's credentials;
//		those that it lacks are empty, and then no token is sent.
//
// The flag -update rewrites the files that cmp compares with.
package providertest
