package workos_test

import (
	"testing"

	"github.com/understudy-dev/understudy/emulator"
	"github.com/understudy-dev/understudy/emulator/internal/providertest"
	"github.com/understudy-dev/understudy/emulator/workos"
)

func option() emulator.Option { return workos.New() }

func TestScripts(t *testing.T) { providertest.Scripts(t, "../../testdata/script/workos", option) }

func TestProvider(t *testing.T) { providertest.Run(t, option) }
