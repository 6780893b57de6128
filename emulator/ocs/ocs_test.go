package ocs_test

import (
	"testing"

	"github.com/understudy-dev/understudy/emulator"
	"github.com/understudy-dev/understudy/emulator/internal/providertest"
	"github.com/understudy-dev/understudy/emulator/ocs"
)

func option() emulator.Option { return ocs.New() }

func TestScripts(t *testing.T) { providertest.Scripts(t, "../../testdata/script/ocs", option) }

func TestProvider(t *testing.T) { providertest.Run(t, option) }
