//! The one step of a passkey's proof that waits: its signature.

use crate::passkey::{Refusal, Signed, Used};
use crate::port::{Signatures, Unreachable};

/// Has a signature verified. Nothing has been proved unless this says [`Used`] and the person's shard says that its counter
/// is fresh.
///
/// # Errors
/// [`Unreachable`] when nobody could say; [`Refusal`] as [`Signed::settle`].
pub async fn prove<S: Signatures>(
    signatures: &S,
    signed: Signed,
) -> Result<Result<Used, Refusal>, Unreachable> {
    let is_right = signatures.verify(signed.key(), signed.signature(), signed.data()).await?;
    Ok(signed.settle(is_right))
}
