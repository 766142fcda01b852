// The house rules, by the name under which a failure is reported. Run by `npm run check` and by tools/tidy.test.ts.

import { catalogueIsDocumented, variablesAreDocumented } from './catalogue.ts';
import { noCycles } from './cycles.ts';
import { importsFollowTheTable } from './layers.ts';
import type { Finding, Repository, Rule } from './repository.ts';
import { filesAreShort, filesOpenWithTheirPurpose, namesSayWhatIsInside, notesCanBeFound } from './shape.ts';
import { testNamesAreUnique } from './test-names.ts';
import { noTracesOfAMachine } from './traces.ts';
import { coreIsSynchronous, theWorldComesThroughPorts } from './world.ts';

export const rules: Readonly<Record<string, Rule>> = {
  'imports follow the table': importsFollowTheTable,
  'no file imports itself through others': noCycles,
  'files are short': filesAreShort,
  'files open with a sentence on their purpose': filesOpenWithTheirPurpose,
  'names say what is inside': namesSayWhatIsInside,
  'notes can be found again': notesCanBeFound,
  'the world comes through ports': theWorldComesThroughPorts,
  'core is synchronous': coreIsSynchronous,
  'test names are unique sentences': testNamesAreUnique,
  'no traces of a machine': noTracesOfAMachine,
  'the reference names everything a user meets': catalogueIsDocumented,
  'the reference names every environment variable': variablesAreDocumented,
};

export function house(repository: Repository): Finding[] {
  return Object.values(rules).flatMap((rule) => rule(repository));
}
