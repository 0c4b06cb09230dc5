/* shape.h — validators of secrets that carry no checksum and are more than random characters inside. */
#pragma once
#include "dlp/scan/validate.h"

enum check_result shape_jwt(struct span secret); /* RFC 7519: header and payload are JSON objects, the header has alg */

/* RFC 7468: both labels are the same, and the base64 between them is one whole DER SEQUENCE, or of OpenSSH's own
 * format.  CHECK_UNKNOWN when there are RFC 1421 headers (an encrypted body is anything) or no END line.  Line ends may
 * be written \n, as in JSON. */
enum check_result shape_pem(struct span secret);

enum check_result shape_aws_key_id(struct span secret);   /* base 32, with an account number in it */
enum check_result shape_discord(struct span secret);      /* begins with a user's number in base64 */
enum check_result shape_grafana_json(struct span secret); /* glc_ or nothing, then a JSON object in base64 */
enum check_result shape_atlassian_dc(struct span secret); /* BBDC- or nothing, then "number:bytes" in base64 */
enum check_result shape_jfrog_reftkn(struct span secret); /* "reftkn:number:..." in base64 */
enum check_result shape_azure_key(struct span secret);    /* 32 or 64 bytes in base64 */
