/** @file What a session host and its thread say to each other, and how an error crosses between them. */
import { HostError, MasAuditError, ModelFormatError, type ErrorDetails } from "../errors.js";
import type { EncodedModel } from "../onnx/encode.js";
import type { PortType, SessionOptions } from "./session.js";
import type { StoredFeeds } from "./stored-feeds.js";
import type { Feeds, RuntimeTensor } from "./tensor.js";

/** What the thread is asked; `session` is a number of the host's choice. */
export type HostRequest =
  | {
      readonly kind: "open";
      readonly session: number;
      readonly model: EncodedModel;
      readonly options: SessionOptions;
    }
  | {
      readonly kind: "run";
      readonly session: number;
      readonly feeds: Feeds;
      readonly stored?: StoredFeeds;
    }
  | { readonly kind: "release"; readonly session: number };

/** What it answers, with the number of the call. */
export interface HostReply {
  readonly call: number;
  readonly value: HostAnswer | PackedError;
}

/** The answer to each kind of request. */
export type HostAnswer =
  | {
      readonly kind: "open";
      readonly inputs: readonly PortType[];
      readonly outputs: readonly PortType[];
    }
  | { readonly kind: "run"; readonly outputs: Record<string, RuntimeTensor> }
  | { readonly kind: "release" };

/** An error as plain data. */
export interface PackedError {
  readonly kind: "error";
  readonly name: string;
  readonly message: string;
  readonly details: Omit<ErrorDetails, "cause">;
}

/** An error of the thread as data. */
export function packError(error: unknown): PackedError {
  if (!(error instanceof MasAuditError)) {
    const message = error instanceof Error ? error.message : String(error);
    const details = {
      code: "SESSION_THREAD",
      found: message,
      hint: "try --threads 1, which needs no thread of its own",
    };
    return { kind: "error", name: "HostError", message: "a thread of the runtime failed", details };
  }
  const { code, where, expected, found, hint } = error;
  const given = Object.entries({ where, expected, found, hint }).filter(
    ([, value]) => value !== undefined,
  );
  const details = { code, ...Object.fromEntries(given) };
  return { kind: "error", name: error.name, message: error.message, details };
}

/** The same error once more. */
export function unpackError({ name, message, details }: PackedError): MasAuditError {
  return name === "ModelFormatError"
    ? new ModelFormatError(message, details)
    : new HostError(message, details);
}
