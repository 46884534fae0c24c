/**
 * @file Where a finding lies in SARIF: physically in the file of the tuned model, logically at a layer and role of its
 * residual stream. A model has no lines; readers that ask for one get the first.
 */
import type { SiteVerdict, VariableVerdict } from "../verdict/verdicts.js";
import type { Result } from "./schema.js";
import { showHalves } from "./xml-text.js";

/** How files are named. */
interface Style {
  readonly root?: string;
}

/** The files of a run; roles without a path are left out. */
function filesOf({ manifest }: Result): readonly { role: string; path: string; sha256: string }[] {
  return manifest.inputs.flatMap(({ role, sha256 }) => {
    const path = manifest.timing.paths[role];
    return path === undefined ? [] : [{ role, path, sha256 }];
  });
}

/** Every input file with its digest. */
export function artifactsOf(result: Result, style: Style): readonly unknown[] {
  return filesOf(result).map(({ role, path, sha256 }) => ({
    location: artifactLocation(path, style),
    description: { text: role },
    hashes: { "sha-256": sha256 },
  }));
}

/** The place of a finding: the tuned model, and the site in it where it is about one. */
export function locationOf(
  result: Result,
  {
    variable,
    site,
  }: {
    readonly variable: Pick<VariableVerdict, "audit" | "variable">;
    readonly site: SiteVerdict | undefined;
  },
  style: Style,
): unknown {
  const files = filesOf(result);
  const index = ["tuned model", "base model"]
    .map((wanted) => files.findIndex(({ role }) => role === wanted))
    .find((found) => found >= 0);
  const path = index === undefined ? undefined : files[index]?.path;
  return {
    ...(path === undefined
      ? {}
      : {
          physicalLocation: {
            artifactLocation: { ...artifactLocation(path, style), index },
            region: { startLine: 1 },
          },
        }),
    logicalLocations: [logicalLocation(variable, site)],
  };
}

function logicalLocation(
  { audit, variable }: Pick<VariableVerdict, "audit" | "variable">,
  site: SiteVerdict | undefined,
): unknown {
  const name = `${audit}/${variable}`;
  if (site === undefined) return { name, fullyQualifiedName: name, kind: "variable" };
  const place = `layer ${site.layer}/${site.role}`;
  return { name: place, fullyQualifiedName: `${name}/${place}`, kind: "residual site" };
}

/** Below the root relative to it, as scanners want it; elsewhere as a whole `file:` address. */
function artifactLocation(
  path: string,
  { root }: Style,
): { readonly uri: string; readonly uriBaseId?: string } {
  const [file, folder] = [slashed(path), root === undefined ? undefined : `${slashed(root)}/`];
  if (folder !== undefined && file.startsWith(folder))
    return { uri: encodePath(file.slice(folder.length)), uriBaseId: "SRCROOT" };
  const isAbsolute = file.startsWith("/") || /^[A-Za-z]:\//u.test(file);
  if (!isAbsolute) return { uri: encodePath(file) };
  return { uri: `file://${file.startsWith("/") ? "" : "/"}${encodePath(file)}` };
}

function slashed(path: string): string {
  return path.replaceAll("\\", "/").replace(/\/+$/u, "");
}

/** Each part encoded by itself; halves of pairs, which no address can hold, are shown. */
function encodePath(path: string): string {
  return path
    .split("/")
    .map((part) => encodeURIComponent(showHalves(part)))
    .join("/");
}
