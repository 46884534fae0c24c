/** @file Validates JUnit XML against `junit.xsd`, written for this project from the documented format of Apache Ant. */
import { readFileSync } from "node:fs";
import { validateXML } from "xmllint-wasm";

const XSD = readFileSync("test/support/junit.xsd", "utf8");

/** What is wrong with a JUnit file; nothing where it is valid. */
export async function junitMistakes(xml: string): Promise<readonly string[]> {
  const { valid, errors } = await validateXML({
    xml: [{ fileName: "junit.xml", contents: xml }],
    schema: [{ fileName: "junit.xsd", contents: XSD }],
  });
  return valid ? [] : errors.map(({ message }) => message);
}
